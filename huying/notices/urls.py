"""News for everyone at /news/, for staff at /desk/news/; what went out at /desk/notices/."""

from django.urls import path

from huying.notices.views import deliveries, news

app_name = "notices"
urlpatterns = [
    path("news/", news.public_news, name="public-news"),
    path("news/<int:pk>/", news.public_item, name="public-item"),
    path("news/<int:pk>/comments/", news.public_comment, name="public-comment"),
    path("news/<int:pk>/files/<int:file>/", news.public_file, name="public-file"),
    path("field/news/", news.staff_news, name="field-news"),
    path("field/news/<int:pk>/", news.staff_item, name="field-item"),
    path("desk/news/", news.staff_news, name="news"),
    path("desk/news/manage/", news.Manage.as_view(), name="manage"),
    path("desk/news/add/", news.add, name="add"),
    path("desk/news/<int:pk>/", news.staff_item, name="item"),
    path("desk/news/<int:pk>/board/", news.board, name="board"),
    path("desk/news/<int:pk>/edit/", news.edit, name="edit"),
    path("desk/news/<int:pk>/publication/", news.publish, name="publish"),
    path("desk/news/<int:pk>/withdrawal/", news.withdraw, name="withdraw"),
    path("desk/news/<int:pk>/files/<int:file>/removal/", news.remove_file, name="remove-file"),
    path("desk/news/<int:pk>/comments/<int:comment>/", news.judge, name="judge"),
    path("desk/notices/deliveries/", deliveries.Deliveries.as_view(), name="deliveries"),
    path("desk/notices/deliveries/<int:pk>/", deliveries.delivery, name="delivery"),
    path("desk/notices/deliveries/<int:pk>/retry/", deliveries.retry, name="retry"),
    path("desk/notices/robots/", deliveries.Robots.as_view(), name="robots"),
    path("desk/notices/robots/add/", deliveries.add_robot, name="add-robot"),
    path("desk/notices/robots/<int:pk>/", deliveries.robot, name="robot"),
    path("desk/notices/robots/<int:pk>/test/", deliveries.test_robot, name="test-robot"),
    path("accounts/notices/", deliveries.preferences, name="preferences"),
]
