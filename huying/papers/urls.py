"""Addresses of papers: one paper, its files, its receipt and its reply."""

from django.urls import path

from huying.papers import views

app_name = "papers"
urlpatterns = [
    path("desk/papers/<int:pk>/", views.show, name="paper"),
    path("desk/papers/<int:pk>/paper.pdf", views.pdf, name="pdf"),
    path("desk/papers/<int:pk>/paper.docx", views.docx, name="docx"),
    path("desk/papers/<int:pk>/receipt/", views.receipt, name="receipt"),
    path("desk/papers/<int:pk>/reply/", views.reply, name="reply"),
]
