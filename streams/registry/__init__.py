"""The registry of enterprises: from a YAML file to the Avro record on the topic."""
