"""What a load test sends the ledger: transactions of two lines between a thousand accounts, and their balances."""

from __future__ import annotations

from servicekit.load import Request, Traffic

_ACCOUNTS = 1000


def _post(number: int) -> Request:
    amount = number % 1000 + 1
    lines = [
        {"account": f"account-{number * 7 % _ACCOUNTS}", "delta": -amount},
        {"account": f"account-{(number * 13 + 1) % _ACCOUNTS}", "delta": amount},
    ]
    return Request("POST", "/v1/transactions", {"id": f"load-{number}", "lines": lines, "data": {"n": number % 100}})


def _balance(number: int) -> Request:
    query = {"must": {"fields": [{"id": {"eq": f"account-{number % _ACCOUNTS}"}}]}}
    return Request("POST", "/v1/accounts/_search", {"query": query})


TRAFFIC = (Traffic("post", _post), Traffic("balance", _balance))
