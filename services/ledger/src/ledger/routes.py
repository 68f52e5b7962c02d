"""The routes of QLedger's API, and those that this ledger adds."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from servicekit.database import Database
from servicekit.pages import list_of
from servicekit.problems import Problem, Unavailable, allowed_methods
from servicekit.routing import api_router
from servicekit.tokens import Tokens
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ledger import models, queries
from ledger.models import AccountIn, AccountOut, BalanceOut, BalanceQuery, Kind, Search, TransactionIn, TransactionOut
from ledger.queries import Posted
from ledger.settings import LedgerSettings

JSON = "application/json; charset=utf-8"
_STATUS = {Posted.NEW: 201, Posted.REPEATED: 202, Posted.CONFLICT: 409}


def install(app: FastAPI, settings: LedgerSettings, database: Database) -> None:
    """Add the API to `app`."""
    tokens = Tokens([settings.ledger_auth_token, settings.ledger_auth_token_previous])
    app.include_router(_ping(settings))
    if settings.ledger_strict:
        app.router.redirect_slashes = False
        for error in (Problem, RequestValidationError, HTTPException):
            app.add_exception_handler(error, _without_body)
    else:
        app.include_router(_more(settings, database, tokens))
    app.include_router(_qledger(settings, database, tokens))


def _ping(settings: LedgerSettings) -> APIRouter:
    routes = api_router(settings)

    @routes.get("/ping", responses={200: {"content": {"application/json": {"example": {"ping": "pong"}}}}})
    async def ping() -> Response:
        return Response(b'{"ping": "pong"}', headers={"Content-Type": JSON})

    return routes


def _qledger(settings: LedgerSettings, database: Database, tokens: Tokens) -> APIRouter:
    strict = settings.ledger_strict
    routes = api_router(settings, 404, 409, tokens=tokens, bearer=not strict)

    def check(id_: str, data: dict[str, Any]) -> None:
        if strict:
            models.check_keys(data)
        elif not id_:
            raise Problem(400, "id is missing or empty")

    async def search(kind: Kind, query: Search) -> Response:
        if strict:
            _check_search_keys(query)
            limit = None
        else:
            limit = min(query.size if query.size > 0 else settings.ledger_page_size, settings.ledger_page_limit)
        page = await queries.search(database, kind, query, limit=limit)
        headers = {} if page.next is None else {"X-Next-Cursor": page.next}
        return Response(page.body, headers={"Content-Type": JSON, **headers})

    @routes.post("/v1/accounts", status_code=201, response_class=Response)
    async def create_account(account: AccountIn) -> Response:
        check(account.id, account.data)
        if not await queries.create_account(database, account.id, account.data):
            raise Problem(409, f"Account {account.id} exists")
        return Response(status_code=201)

    @routes.put("/v1/accounts", response_class=Response)
    async def update_account(account: AccountIn) -> Response:
        check(account.id, account.data)
        if not await queries.update_account(database, account.id, account.data):
            raise Problem(404, f"There is no account {account.id}")
        return Response()

    @routes.post(
        "/v1/transactions", status_code=201, response_class=Response, responses={202: {"description": "Repeated"}}
    )
    async def post(transaction: TransactionIn) -> Response:
        check(transaction.id, transaction.data)
        moment = transaction.moment(strict=strict)
        if total := sum(line.delta for line in transaction.lines):
            raise Problem(400, f"The deltas add up to {total}, not to 0")
        posted = await queries.post(database, transaction.id, moment, transaction.data, transaction.lines_by_account())
        if posted is Posted.CONFLICT:
            raise Problem(409, f"Transaction {transaction.id} exists with other lines")
        return Response(status_code=_STATUS[posted])

    @routes.put("/v1/transactions", response_class=Response)
    async def update_transaction(transaction: TransactionIn) -> Response:
        check(transaction.id, transaction.data)
        transaction.moment(strict=strict)
        if not await queries.update_transaction(database, transaction.id, transaction.data):
            raise Problem(404, f"There is no transaction {transaction.id}")
        return Response()

    # QLedger searches by GET with a body too, which many proxies drop: POST is the documented form.
    @routes.get("/v1/accounts", include_in_schema=False, response_class=Response)
    @routes.post("/v1/accounts/_search", response_class=Response, responses=list_of(AccountOut))
    async def search_accounts(query: Search) -> Response:
        return await search("accounts", query)

    @routes.get("/v1/transactions", include_in_schema=False, response_class=Response)
    @routes.post("/v1/transactions/_search", response_class=Response, responses=list_of(TransactionOut))
    async def search_transactions(query: Search) -> Response:
        return await search("transactions", query)

    return routes


def _more(settings: LedgerSettings, database: Database, tokens: Tokens) -> APIRouter:
    routes = api_router(settings, 404, tokens=tokens)

    async def read(kind: Kind, id_: str) -> Response:
        document = None if "\0" in id_ else await queries.read(database, kind, id_)
        if document is None:
            raise Problem(404, f"There is no {kind[:-1]} {id_}")
        return Response(document, headers={"Content-Type": JSON})

    @routes.get("/v1/accounts/{id:path}", response_model=AccountOut)
    async def read_account(id: str) -> Response:  # noqa: A002 (a name of the path)
        return await read("accounts", id)

    @routes.get("/v1/transactions/{id:path}", response_model=TransactionOut)
    async def read_transaction(id: str) -> Response:  # noqa: A002 (as before)
        return await read("transactions", id)

    @routes.post("/v1/balance", response_model=BalanceOut)
    async def balance(query: BalanceQuery) -> BalanceOut:
        on = None if query.on is None else models.moment(query.on, strict=False)
        amount = await queries.balance(database, query.account_id, on)
        if amount is None:
            raise Problem(404, f"There is no account {query.account_id}")
        return BalanceOut(account_id=query.account_id, on=query.on, balance=amount)

    return routes


def _check_search_keys(query: Search) -> None:
    must, should = query.query.must, query.query.should
    for items in (must.fields, must.terms, must.ranges, should.fields):  # QLedger checks no more than these
        for item in items:
            models.check_keys(dict(item))


async def _without_body(request: Request, error: Exception) -> Response:
    """Strict mode: the status alone, and what Go's router answers itself."""
    match error:
        case Unavailable():
            return Response(status_code=500)
        case HTTPException(status_code=404):
            return _not_found(request)
        case HTTPException(status_code=405):
            allow = {"Allow": ", ".join([*allowed_methods(request), "OPTIONS"])}
            if request.method == "OPTIONS":
                return Response(headers=allow)
            return _go_text("Method Not Allowed", 405, allow)
        case Problem(status=status) | HTTPException(status_code=status):
            return Response(status_code=status)
    return Response(status_code=400)


def _not_found(request: Request) -> Response:
    """404, or a redirect to the path without its last slash."""
    path = request.url.path.removesuffix("/")
    if path == request.url.path or not allowed_methods(request, path):
        return _go_text("404 page not found", 404)
    if request.method != "GET":
        return Response(status_code=307, headers={"Location": path})
    headers = {"Location": path, "Content-Type": "text/html; charset=utf-8"}
    return Response(f'<a href="{path}">Moved Permanently</a>.\n\n', 301, headers=headers)


def _go_text(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    go = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return Response(f"{text}\n", status, headers={**(headers or {}), **go})
