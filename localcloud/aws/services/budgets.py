"""Budgets: subscribers, tags, and updates."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws.patching import Method, add, wrap


def install() -> None:
    """moto keeps subscribers and never answers them, and knows neither tags nor changes of a budget."""
    from moto.budgets.models import Budget
    from moto.budgets.responses import BudgetsResponse

    wrap(Budget, "delete_notification", _delete_notification)
    wrap(BudgetsResponse, "create_budget", _create_budget)
    add(
        BudgetsResponse,
        update_budget,
        update_notification,
        describe_subscribers_for_notification,
        create_subscriber,
        delete_subscriber,
        list_tags_for_resource,
        tag_resource,
        untag_resource,
    )


def _create_budget(original: Method, self: Any) -> Any:
    answer = original(self)
    budget = _budget(self, self._get_param("Budget")["BudgetName"])
    budget.tags = {tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags") or []}
    return answer


def _delete_notification(_: Method, self: Any, details: dict[str, Any]) -> None:
    """moto compares every field, the state that it adds itself included, and so deletes nothing."""
    self.notifications = [each for each in self.notifications if _identity(each.details) != _identity(details)]


def update_budget(self: Any) -> str:
    """UpdateBudget."""
    changes = self._get_param("NewBudget")
    budget = _budget(self, changes["BudgetName"])
    budget.budget.update({key: value for key, value in changes.items() if value is not None})
    return "{}"


def update_notification(self: Any) -> str:
    """UpdateNotification."""
    _notification(self, "OldNotification").details = self._get_param("NewNotification")
    return "{}"


def describe_subscribers_for_notification(self: Any) -> str:
    """DescribeSubscribersForNotification."""
    return json.dumps({"Subscribers": _notification(self).subscribers})


def create_subscriber(self: Any) -> str:
    """CreateSubscriber."""
    _notification(self).subscribers.append(self._get_param("Subscriber"))
    return "{}"


def delete_subscriber(self: Any) -> str:
    """DeleteSubscriber."""
    notification, subscriber = _notification(self), self._get_param("Subscriber")
    notification.subscribers = [each for each in notification.subscribers if each != subscriber]
    return "{}"


def list_tags_for_resource(self: Any) -> str:
    """ListTagsForResource."""
    return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in _tags(self).items()]})


def tag_resource(self: Any) -> str:
    """TagResource."""
    _tags(self).update({tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags")})
    return "{}"


def untag_resource(self: Any) -> str:
    """UntagResource."""
    for key in self._get_param("ResourceTagKeys"):
        _tags(self).pop(key, None)
    return "{}"


def _budget(response: Any, name: str) -> Any:
    from moto.budgets.exceptions import NotFoundException

    account = response._get_param("AccountId") or response.current_account
    budget = response.backend.budgets[account].get(name)
    if budget is None:
        raise NotFoundException(f"Unable to get budget: {name} - the budget doesn't exist.")
    return budget


def _notification(response: Any, parameter: str = "Notification") -> Any:
    from moto.budgets.exceptions import NotFoundException

    identity = _identity(response._get_param(parameter))
    for notification in _budget(response, response._get_param("BudgetName")).notifications:
        if _identity(notification.details) == identity:
            return notification
    raise NotFoundException("Unable to get notification - the notification doesn't exist.")


def _identity(details: dict[str, Any]) -> tuple[Any, ...]:
    """What identifies a notification, which has no name. PERCENTAGE is AWS's default for the type."""
    kind = details.get("ThresholdType") or "PERCENTAGE"
    return kind, *(details.get(key) or None for key in ("NotificationType", "ComparisonOperator", "Threshold"))


def _tags(response: Any) -> Any:
    budget = _budget(response, response._get_param("ResourceARN").rsplit("/", 1)[-1])
    return vars(budget).setdefault("tags", {})
