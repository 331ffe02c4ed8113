"""Addresses of programmes and targets: at the desk, and the public page of promises."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register
from huying.targets.programmes.views import entry, imports, lists, programme, public, target

# After the entries of the loop, which are registered with its addresses: who comes to report a hole finds that first.
register(NavigationItem(_("民生实事"), "targets:promises", "check-circle", audience="portal"))

_TARGET = "desk/targets/<slug:programme>/<slug:code>"
urlpatterns = [
    path("promises/", public.promises, name="promises"),
    path("promises/<slug:code>/", public.promise_page, name="public-programme"),
    path("desk/targets/", programme.programmes, name="programmes"),
    path("desk/targets/mine/", programme.mine, name="mine"),
    path("desk/targets/approvals/", lists.Approvals.as_view(), name="approvals"),
    path("desk/targets/approvals/approve/", lists.approve_selected, name="approve-entries"),
    path("desk/targets/entries/", lists.Entries.as_view(), name="entries"),
    path("desk/targets/entries/<int:pk>/", entry.entry, name="entry"),
    path("desk/targets/entries/<int:pk>/edit/", entry.edit, name="edit-entry"),
    path("desk/targets/entries/<int:pk>/correct/", entry.correct, name="correct-entry"),
    path("desk/targets/entries/<int:pk>/approve/", entry.approve, name="approve-entry"),
    path("desk/targets/entries/<int:pk>/return/", entry.give_back, name="return-entry"),
    path("desk/targets/entries/<int:pk>/undo/", entry.undo, name="undo-approval"),
    path("desk/targets/entries/<int:pk>/withdraw/", entry.withdraw, name="withdraw-entry"),
    path("desk/targets/<slug:code>/", programme.programme, name="programme"),
    path(f"{_TARGET}/", target.target, name="target"),
    path(f"{_TARGET}/enter/", entry.enter, name="enter"),
    path(f"{_TARGET}/change/", target.change, name="change-target"),
    path(f"{_TARGET}/close/", target.close, name="close-target"),
    path(f"{_TARGET}/reopen/", target.reopen, name="reopen-target"),
    path(f"{_TARGET}/import/", imports.upload, name="import-entries"),
    path(f"{_TARGET}/import/empty/", imports.empty, name="empty-entries"),
]
