"""Write every topic of the pipeline to ClickHouse."""
