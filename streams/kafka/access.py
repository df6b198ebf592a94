"""How clients prove who they are to the broker, and check the broker: TLS and SASL."""

from __future__ import annotations

from typing import Any

from streams.access_files import client_context
from streams.kafka.tokens import EndpointTokens, FileTokens
from streams.settings import Settings


def access_options(settings: Settings) -> dict[str, Any]:
    """Return the options of aiokafka's clients that concern access; read the files now.

    ``security_protocol`` is always among them. A client keeps the password and the certificate
    that it was made with; a token is asked for at each connection. Raises AccessFileError.
    """
    options: dict[str, Any] = {}
    sasl = settings.broker_user is not None or settings.broker_mechanism == "OAUTHBEARER"
    if settings.broker_tls:
        options["ssl_context"] = client_context(
            ca=settings.broker_ca_file,
            certificate=settings.broker_certificate_file,
            key=settings.broker_key_file,
            key_password=settings.secret("broker_key_password"),
            setting="EMISSIONS_BROKER",
        )
    if sasl:
        options["security_protocol"] = "SASL_SSL" if settings.broker_tls else "SASL_PLAINTEXT"
        options["sasl_mechanism"] = settings.broker_mechanism
    else:
        options["security_protocol"] = "SSL" if settings.broker_tls else "PLAINTEXT"
    if settings.broker_mechanism == "OAUTHBEARER":
        options["sasl_oauth_token_provider"] = token_source(settings)
    elif sasl:
        options["sasl_plain_username"] = settings.broker_user
        options["sasl_plain_password"] = settings.secret("broker_password")
    return options


def token_source(settings: Settings) -> FileTokens | EndpointTokens:
    """Return where OAUTHBEARER gets its tokens; read nothing yet."""
    if settings.broker_token_file is not None:
        return FileTokens(settings.broker_token_file)
    return EndpointTokens(settings)
