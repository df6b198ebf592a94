"""Deploy the pipeline: images, settings of production, and parts that run embedded."""
