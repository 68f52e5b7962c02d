"""Budgets: who is notified, tags, and updates."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import add, wrap

_IDENTITY = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")


def install() -> None:
    """moto keeps subscribers and never gives them back, and knows neither tags nor changes of a budget."""
    from moto.budgets.models import Budget
    from moto.budgets.responses import BudgetsResponse

    wrap(Budget, "delete_notification", _delete_notification)
    wrap(BudgetsResponse, "create_budget", _create_budget)
    for action in (
        update_budget,
        update_notification,
        describe_subscribers_for_notification,
        create_subscriber,
        delete_subscriber,
        list_tags_for_resource,
        tag_resource,
        untag_resource,
    ):
        add(BudgetsResponse, action.__name__, action)


def _create_budget(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_budget(self: Any) -> Any:
        answer = original(self)
        name = self._get_param("Budget")["BudgetName"]
        tags = self._get_param("ResourceTags") or []
        self.backend.budgets[self._get_param("AccountId")][name].tags = {tag["Key"]: tag["Value"] for tag in tags}
        return answer

    return create_budget


def _delete_notification(_original: Callable[..., Any]) -> Callable[..., Any]:
    """moto compares all of it, the state that it adds itself included, and so deletes nothing."""

    def delete_notification(self: Any, details: dict[str, Any]) -> None:
        self.notifications = [each for each in self.notifications if not _same(each.details, details)]

    return delete_notification


def update_budget(self: Any) -> str:
    """UpdateBudget."""
    new = self._get_param("NewBudget")
    budget = _budget(self, new["BudgetName"])
    budget.budget.update({key: value for key, value in new.items() if value is not None})
    return "{}"


def update_notification(self: Any) -> str:
    """UpdateNotification."""
    _notification(self, self._get_param("OldNotification")).details = self._get_param("NewNotification")
    return "{}"


def describe_subscribers_for_notification(self: Any) -> str:
    """DescribeSubscribersForNotification."""
    return json.dumps({"Subscribers": _notification(self, self._get_param("Notification")).subscribers})


def create_subscriber(self: Any) -> str:
    """CreateSubscriber."""
    _notification(self, self._get_param("Notification")).subscribers.append(self._get_param("Subscriber"))
    return "{}"


def delete_subscriber(self: Any) -> str:
    """DeleteSubscriber."""
    notification = _notification(self, self._get_param("Notification"))
    notification.subscribers = [each for each in notification.subscribers if each != self._get_param("Subscriber")]
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


def _notification(response: Any, details: dict[str, Any]) -> Any:
    from moto.budgets.exceptions import NotFoundException

    for notification in _budget(response, response._get_param("BudgetName")).notifications:
        if _same(notification.details, details):
            return notification
    raise NotFoundException("Unable to get notification - the notification doesn't exist.")


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """A notification has no name: these four are its identity. PERCENTAGE is AWS's default for the type."""
    return all(_identity(one, key) == _identity(other, key) for key in _IDENTITY)


def _identity(details: dict[str, Any], key: str) -> Any:
    return details.get(key) or ("PERCENTAGE" if key == "ThresholdType" else None)


def _tags(response: Any) -> dict[str, str]:
    budget = _budget(response, response._get_param("ResourceARN").rsplit("/", 1)[-1])
    if not hasattr(budget, "tags"):
        budget.tags = {}
    tags: dict[str, str] = budget.tags
    return tags
