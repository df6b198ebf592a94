"""The registry of enterprises: from YAML for people to the Avro record on the topic."""
