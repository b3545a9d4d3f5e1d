from django.apps import AppConfig, apps


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and labs"

    def ready(self) -> None:
        apps.get_app_config("account").verbose_name = "Sign-in"  # allauth's; ops would read "Accounts" twice
