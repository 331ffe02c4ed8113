"""Tells the people floor what the topics of its duties are called."""

from __future__ import annotations

from collections.abc import Mapping

from huying.cases.models import Topic
from huying.people.topics import TopicName, read_topics_from


def topic_names() -> Mapping[str, TopicName]:
    """Code → title and parent of every topic, in the order of the codes."""
    rows = Topic.objects.select_related("parent").order_by("code")
    return {row.code: TopicName(str(row), row.parent.code if row.parent else "") for row in rows}


read_topics_from(topic_names)
