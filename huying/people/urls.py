from django.urls import path

from huying.people.views import account

app_name = "people"
urlpatterns = [
    path("accounts/login/", account.sign_in, name="sign-in"),
    path("accounts/logout/", account.sign_out, name="sign-out"),
    path("accounts/demo/<str:username>/", account.demo_sign_in, name="demo-sign-in"),
    path("accounts/password/", account.change_password, name="password"),
    path("accounts/", account.profile, name="profile"),
]
