"""The rules of the law: what is compared, where the law says it, and the file itself."""

from __future__ import annotations

import re
from typing import Annotated, Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.rendering import PageView
from emissions.portal.rule_book import RulesOfPortal
from streams.core.law.quality_codes import Scope, named_codes
from streams.rules.load import CASES

Code = Annotated[str, Parameter(max_length=60)]


@get("/rules")
async def rules(view: PageView, rule_book: RulesOfPortal) -> Response[str]:
    """List the rules with their titles, what follows from them, and since when."""
    return view.render("rules.html", book=rule_book)


@get("/rules/quality-codes")
async def quality_codes(view: PageView) -> Response[str]:
    """List every quality code: what it is said of, what it means, what it does."""
    codes = named_codes()
    groups = [(scope.value, [each for each in codes if each.scope is scope]) for scope in Scope]
    return view.render("quality_codes.html", groups=groups)


@get("/rules/{code:str}")
async def rule(view: PageView, rule_book: RulesOfPortal, code: Code) -> Response[str]:
    """Show everything that a rule says, the version in force last first."""
    versions = rule_book.versions(code)
    if not versions:
        raise NotFoundException
    return view.render("rule.html", code=code, versions=versions, book=rule_book)


@get("/rules/{code:str}/{name:str}")
async def rule_file(rule_book: RulesOfPortal, code: Code, name: Code) -> Response[str]:
    """Send the file of one version of a rule (``2021-07-01.yaml``), or its cases, as read."""
    for each in rule_book.versions(code):
        first = each.rule.valid_from.isoformat()
        if name == f"{first}.yaml":
            return _file(each.text, each.file_name)
        if name == f"{first}{CASES}" and each.cases is not None:
            return _file(each.cases, each.file_name.removesuffix(".yaml") + CASES)
    raise NotFoundException


def _file(text: str, name: str) -> Response[str]:
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", name)
    return Response(
        text,
        media_type="application/yaml; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{plain}"'},
    )


handlers: Final[list[HTTPRouteHandler]] = [rules, quality_codes, rule, rule_file]
