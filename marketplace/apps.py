from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "marketplace"

    def ready(self) -> None:
        from core.events import subscribe
        from marketplace import celery  # noqa: F401  the web process sends jobs with this app too
        from marketplace.wiring import WIRING, answer_questions

        subscribe(WIRING)
        answer_questions()
