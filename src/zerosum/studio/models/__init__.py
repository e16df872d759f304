"""What the studio records; Django finds its tables here."""

from zerosum.studio.models.copy import (
    CopyOrder,
    CopyText,
    PromptVersion,
    RulesVersion,
    WriterSettings,
)
from zerosum.studio.models.duel import Continuation
from zerosum.studio.models.items import Comment, Item, Tag
from zerosum.studio.models.log import Act
from zerosum.studio.models.people import Answer, Invitation, Token, User
from zerosum.studio.models.publishing import BundleOrder, Webhook, WebhookDelivery
from zerosum.studio.models.reviewing import (
    BlindAnswer,
    BlindTest,
    BlindTrial,
    Panel,
    PanelItem,
    PanelVote,
)
from zerosum.studio.models.work import AllowedFolder, DataSource, ItemBatch, Project, Training

__all__ = [
    "Act",
    "AllowedFolder",
    "Answer",
    "BlindAnswer",
    "BlindTest",
    "BlindTrial",
    "BundleOrder",
    "Comment",
    "Continuation",
    "CopyOrder",
    "CopyText",
    "DataSource",
    "Invitation",
    "Item",
    "ItemBatch",
    "Panel",
    "PanelItem",
    "PanelVote",
    "Project",
    "PromptVersion",
    "RulesVersion",
    "Tag",
    "Token",
    "Training",
    "User",
    "Webhook",
    "WebhookDelivery",
    "WriterSettings",
]
