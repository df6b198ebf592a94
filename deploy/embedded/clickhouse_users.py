"""Configure what the user of the embedded ClickHouse may do.

Grants keep queries inside the database: nothing that reads or writes files, opens connections or
runs programs is granted (READ and WRITE ON FILE, URL, REMOTE, ...), whichever function, engine or
dictionary asks for it. Settings whose text is an expression, a path or another language are
read-only, since grants do not look into them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

USER: Final = "default"
"""The only user; every HTTP request with the key runs as this one."""

DATABASE: Final = "main"
"""The database of requests that name none, or ``default``: chDB's own ``default`` resolves tables
that it does not have as files of that name.
"""

_GRANTS: Final = (
    "SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP, UNDROP TABLE, "
    "TRUNCATE, OPTIMIZE, CHECK, KILL QUERY, SYSTEM DROP CACHE, SYSTEM FLUSH, SYSTEM MERGES ON *.*"
)
_ENGINES: Final = (
    *("MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree"),
    *("CollapsingMergeTree", "VersionedCollapsingMergeTree", "CoalescingMergeTree"),
    *("GraphiteMergeTree", "Memory", "Null", "Log", "TinyLog", "StripeLog", "Set", "Join"),
    *("Buffer", "Merge", "View", "MaterializedView", "GenerateRandom"),
)
_VALUES: Final = {
    # An expression among the data of an INSERT would be run by nobody's leave.
    "input_format_values_interpret_expressions": "0",
    "input_format_values_deduce_templates_of_expressions": "0",
    "max_query_size": str(1 << 20),
}
_FIXED: Final = (
    *("input_format_values_interpret_expressions", "max_query_size"),
    "input_format_values_deduce_templates_of_expressions",
    # languages other than SQL
    *("dialect", "polyglot_dialect", "promql_database", "promql_table"),
    # expressions and names of functions
    *("additional_table_filters", "additional_result_filter", "parallel_replicas_custom_key"),
    *("select", "filter", "order", "sort", "implicit_table_at_top_level"),
    *("function_implementation", "count_distinct_implementation", "default_view_definer"),
    "allow_experimental_eval_table_function",
    # files
    *("format_schema", "format_schema_source", "format_schema_message_name"),
    *("format_template_row", "format_template_resultset", "format_template_row_format"),
    *("format_template_resultset_format", "rename_files_after_processing"),
    *("input_format_record_errors_file_path", "output_format_schema"),
    # addresses
    *("url_base", "s3_base", "format_avro_schema_registry_url", "cluster_for_parallel_replicas"),
    *("ai_function_text_default_credentials", "ai_function_embedding_default_credentials"),
)


def write_access(directory: Path) -> Path:
    """Write the configuration into the directory, creating it, and return the file."""
    directory.mkdir(parents=True, exist_ok=True)
    users = directory / "users.xml"
    users.write_text(_users(), encoding="utf-8")
    config = directory / "config.xml"
    config.write_text(
        "<clickhouse>"
        f"<users_config>{escape(str(users.resolve()))}</users_config>"
        "<access_control_improvements>"
        "<table_engines_require_grant>true</table_engines_require_grant>"
        "</access_control_improvements></clickhouse>\n",
        encoding="utf-8",
    )
    return config.resolve()


def _users() -> str:
    values = "".join(f"<{name}>{value}</{name}>" for name, value in _VALUES.items())
    fixed = "".join(f"<{name}><readonly/></{name}>" for name in _FIXED)
    grants = (_GRANTS, *(f"TABLE ENGINE ON {engine}" for engine in _ENGINES))
    queries = "".join(f"<query>GRANT {grant}</query>" for grant in grants)
    return (
        f"<clickhouse><profiles><default>{values}<constraints>{fixed}"
        "<merge_tree_disk><readonly/></merge_tree_disk></constraints></default></profiles>\n"
        "<users><default><password></password><networks><ip>::/0</ip></networks>"
        "<profile>default</profile><quota>default</quota>"
        f"<grants>{queries}</grants></default></users>\n"
        "<quotas><default></default></quotas></clickhouse>\n"
    )
