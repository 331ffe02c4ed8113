"""Addresses of papers: lists, drafts, one paper with its files, receipts and replies, meetings."""

from django.urls import path

from huying.papers.views import drafts, enclosures, lists, meetings, paper

app_name = "papers"
urlpatterns = [
    path("desk/papers/", lists.Issued.as_view(), name="issued"),
    path("desk/papers/received/", lists.Received.as_view(), name="received"),
    path("desk/papers/drafts/", lists.Drafts.as_view(), name="drafts"),
    path("desk/papers/drafts/review/", lists.ToReview.as_view(), name="to-review"),
    path("desk/papers/drafts/sign/", lists.ToSign.as_view(), name="to-sign"),
    path("desk/papers/drafts/issue/", lists.ToIssue.as_view(), name="to-issue"),
    path("desk/papers/drafts/new/", drafts.start, name="start"),
    path("desk/papers/drafts/<int:pk>/", drafts.draft, name="draft"),
    path("desk/papers/drafts/<int:pk>/save/", drafts.save, name="draft-save"),
    path("desk/papers/drafts/<int:pk>/preview/", drafts.preview, name="draft-preview"),
    path("desk/papers/drafts/<int:pk>/draft.pdf", drafts.pdf, name="draft-pdf"),
    path("desk/papers/drafts/<int:pk>/versions/", drafts.versions, name="draft-versions"),
    path("desk/papers/drafts/<int:pk>/versions/restore/", drafts.restore, name="draft-restore"),
    path("desk/papers/drafts/<int:pk>/enclosures/", enclosures.change, name="draft-enclosures"),
    path(
        "desk/papers/drafts/<int:pk>/take-back/<int:number>/<int:seen>/",
        enclosures.take_back,
        name="draft-take-back",
    ),
    path(
        "desk/papers/drafts/<int:pk>/attachments/<int:attachment_pk>/",
        enclosures.of_draft,
        name="draft-attachment",
    ),
    path("desk/papers/drafts/<int:pk>/steps/<slug:step>/", drafts.step, name="draft-step"),
    path("desk/papers/meetings/", meetings.Meetings.as_view(), name="meetings"),
    path("desk/papers/meetings/<int:pk>/", meetings.meeting, name="meeting"),
    path("desk/papers/meetings/<int:pk>/attendance/", meetings.attendance, name="attendance"),
    path("desk/papers/meetings/<int:pk>/minutes/", meetings.minutes, name="minutes"),
    path("desk/papers/meetings/<int:pk>/decisions/", meetings.decide, name="decide"),
    path(
        "desk/papers/meetings/<int:pk>/decisions/<int:decision_pk>/done/", meetings.done, name="decision-done"
    ),
    path("desk/papers/<int:pk>/", paper.show, name="paper"),
    path("desk/papers/<int:pk>/paper.pdf", paper.pdf, name="pdf"),
    path("desk/papers/<int:pk>/paper.docx", paper.docx, name="docx"),
    path(
        "desk/papers/<int:pk>/attachments/<int:attachment_pk>/", enclosures.of_paper, name="paper-attachment"
    ),
    path("desk/papers/<int:pk>/receipt/", paper.receipt, name="receipt"),
    path("desk/papers/<int:pk>/reply/", paper.reply, name="reply"),
    path("desk/papers/<int:pk>/replies/<int:reply_pk>/verdict/", paper.verdict, name="verdict"),
    path("desk/papers/<int:pk>/replacement/", paper.replacement, name="replacement"),
    path("desk/papers/<int:pk>/withdrawal/", paper.withdrawal, name="withdrawal"),
]
