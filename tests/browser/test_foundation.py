"""The parts themselves, in Chromium: the policy holds, nothing is inaccessible, and the scripts do what they say."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests import people
from tests.browser import kitchen
from tests.browser.conftest import LOOKS, Watch, axe, picture, sideways, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.browser.kitchen")]
Opener = Callable[..., Page]


@pytest.fixture(autouse=True)
def _no_old_drafts() -> None:
    kitchen.drafts.clear()


@pytest.fixture
def at(watched: Page, live_server: LiveServer) -> Callable[[str], Page]:
    """`at("/bench/")`: the watched page at this address, its scripts at work."""

    def go(path: str) -> Page:
        watched.goto(live_server.url + path)
        expect(watched.locator("html[data-ready]")).to_be_attached()
        return watched

    return go


PUBLIC = (
    "/?welcome",
    "/how-pay-works/",
    "/status/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
)


def look_at(page: Page, url: str, name: str) -> list[str]:
    """Takes the picture and says what is wrong with the page: accessibility faults, sideways scrolling."""
    page.goto(url)
    expect(page.locator("html[data-ready]")).to_be_attached()
    picture(page, name)
    wide = sideways(page)
    return [f"{name}: {fault}" for fault in axe(page)] + ([f"{name}: {wide} px too wide"] if wide else [])


@pytest.mark.parametrize("look", LOOKS)
def test_parts_are_accessible_and_fit(open_page: Opener, live_server: LiveServer, look: str) -> None:
    page = open_page(look)
    names = ("kitchen", "bench", "steps", "desk")
    assert [
        fault for name in names for fault in look_at(page, f"{live_server.url}/{name}/", f"part-{name}-{look}")
    ] == []


@pytest.mark.parametrize("look", LOOKS)
def test_public_pages_are_accessible_and_fit(open_page: Opener, live_server: LiveServer, look: str) -> None:
    page = open_page(look)
    names = {path: f"public-{re.sub('[^a-z]+', '-', path).strip('-')}-{look}" for path in PUBLIC}
    assert [fault for path, name in names.items() for fault in look_at(page, live_server.url + path, name)] == []


def test_an_invalid_form_takes_the_focus_to_what_is_wrong(at: Callable[[str], Page], watch: Watch) -> None:
    watch.expect("422")
    page = at("/kitchen/")
    page.get_by_role("button", name="Save draft").click()
    summary = page.locator(".alert[data-focus]")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Title: This field is required.")
    picture(page, "part-kitchen-errors")
    assert axe(page) == []
    summary.get_by_role("link", name="Title").click()
    expect(page.get_by_label("Title")).to_be_focused()
    assert page.get_by_label("Title").get_attribute("aria-describedby") == "id_title_helptext id_title_error"


def test_single_keys_act_outside_text_fields_only_and_can_be_switched_off(at: Callable[[str], Page]) -> None:
    page = at("/kitchen/")
    page.evaluate("document.querySelector('#skip').addEventListener('click', () => document.title += '!')")
    page.keyboard.press("s")
    expect(page).to_have_title("Projects · Quorum!")
    page.get_by_label("Title").press("s")
    expect(page).to_have_title("Projects · Quorum!")
    expect(page.get_by_label("Title")).to_have_value("s")

    page.get_by_label("Title").blur()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Skip")
    picture(page, "part-keys")
    keys.get_by_label("Single-key shortcuts on this device").uncheck()
    keys.get_by_role("button", name="Close").click()
    page.keyboard.press("s")
    expect(page).to_have_title("Projects · Quorum!")


def test_what_cannot_be_undone_asks_first_and_escape_means_no(at: Callable[[str], Page]) -> None:
    page = at("/kitchen/")
    page.evaluate("document.querySelector('#withdraw').addEventListener('click', () => document.title = 'withdrawn')")
    button = page.get_by_role("button", name="Withdraw")
    button.click()
    dialog = page.get_by_role("alertdialog", name="Withdraw 3 tasks?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    picture(page, "part-confirm")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()
    expect(page).not_to_have_title("withdrawn")
    button.click()
    dialog.get_by_role("button", name="Withdraw").click()
    expect(page).to_have_title("withdrawn")


def test_a_form_that_lacks_something_says_so_before_it_asks_whether_one_is_sure(at: Callable[[str], Page]) -> None:
    page = at("/kitchen/")
    button, dialog = page.get_by_role("button", name="Send back"), page.get_by_role("alertdialog")
    button.click()
    expect(page.get_by_label("Why it goes back")).to_be_focused()
    expect(dialog).to_have_count(0)
    page.get_by_label("Why it goes back").fill("Nobody wants it any more.")
    button.click()
    expect(dialog).to_have_accessible_name("Send it back?")


def test_fields_are_chosen_by_typing(at: Callable[[str], Page]) -> None:
    page = at("/kitchen/")
    search = page.get_by_role("combobox", name="Fields of study")
    search.fill("chem")
    expect(page.locator(".combo-list [role=option]")).to_have_count(1)
    search.press("Enter")
    expect(page.get_by_role("button", name="Remove 0531 Chemistry")).to_be_visible()
    expect(page.get_by_role("listbox")).to_be_hidden()  # it would cover the button below
    search.click()
    expect(page.get_by_role("listbox")).to_be_visible()
    search.fill("zzz")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    search.press("Escape")
    page.get_by_role("button", name="Remove 0533 Physics").click()
    chosen = page.evaluate("[...document.querySelector('#id_fields_').selectedOptions].map((o) => o.value)")
    assert chosen == ["0531"]
    search.press("Backspace")
    expect(page.locator(".combo-pick")).to_have_count(0)
    picture(page, "part-combo")


def test_the_theme_is_remembered_by_the_server(at: Callable[[str], Page]) -> None:
    page = at("/kitchen/")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.context.set_extra_http_headers({})
    html = page.request.get(page.url).text()
    assert '<html lang="en" data-theme="dark">' in html


def test_a_draft_is_saved_as_one_types(at: Callable[[str], Page]) -> None:
    page = at("/bench/")
    page.get_by_label("Why?").fill("Step 2 takes the wrong logarithm")
    expect(page.locator("[data-draft-status]")).to_have_text(re.compile(r"^Saved \d\d:\d\d:\d\d$"))
    page.get_by_label("6", exact=True).check()
    expect(page.locator("[data-draft-status][data-state=dirty]")).to_be_attached()
    expect(page.locator("[data-draft-status][data-state=saved]")).to_be_attached()
    assert [(draft["version"], draft.get("strength")) for draft in kitchen.drafts] == [("0", None), ("1", "6")]
    assert kitchen.drafts[1]["rationale"] == "Step 2 takes the wrong logarithm"


def test_a_draft_survives_a_lost_server_and_a_closed_page(
    open_page: Opener, live_server: LiveServer, watch: Watch
) -> None:
    watch.expect("net::ERR_FAILED")
    page = open_page()
    context = page.context
    lost: Callable[[Route], None] = lambda route: route.abort()  # noqa: E731
    page.route("**/bench/draft", lost)
    page.goto(f"{live_server.url}/bench/")
    page.get_by_label("Why?").fill("Only here")
    expect(page.locator("[data-draft-status]")).to_contain_text("Kept on this device")
    page.unroute("**/bench/draft", lost)
    page.close(run_before_unload=False)

    again = watch.follow(context.new_page())
    again.goto(f"{live_server.url}/bench/")
    expect(again.get_by_label("Why?")).to_have_value("Only here")
    expect(again.locator("[data-draft-status][data-state=saved]")).to_be_attached()
    assert kitchen.drafts[-1]["rationale"] == "Only here"


def script_held_back(page: Page) -> list[Route]:
    """The draft's script waits from now on, and can be let go from here."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/draft(\.\w+)?\.js$"), hold)
    return held


def test_what_is_typed_before_the_script_arrives_is_saved_too(open_page: Opener, live_server: LiveServer) -> None:
    page = open_page()
    held = script_held_back(page)
    page.goto(f"{live_server.url}/bench/")
    page.get_by_label("Why?").fill("Typed at once")
    expect(page.locator("html[data-ready]")).to_have_count(0)
    held[0].continue_()
    expect(page.locator("[data-draft-status][data-state=saved]")).to_be_attached()
    assert kitchen.drafts[-1]["rationale"] == "Typed at once"


def test_a_copy_kept_here_does_not_take_the_place_of_new_words_unasked(
    open_page: Opener, live_server: LiveServer, watch: Watch
) -> None:
    watch.expect("net::ERR_FAILED")
    page = open_page()
    page.goto(f"{live_server.url}/bench/")
    page.route("**/bench/draft", lambda route: route.abort())
    page.get_by_label("Why?").fill("From before")
    expect(page.locator("[data-draft-status]")).to_contain_text("Kept on this device")
    page.unroute_all()
    held = script_held_back(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_label("Why?").fill("Typed now")
    held[0].continue_()
    dialog = page.get_by_role("alertdialog", name="Use the copy from this device?")
    expect(dialog).to_contain_text("It takes the place of what you type now")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-draft-status][data-state=saved]")).to_be_attached()
    assert kitchen.drafts[-1]["rationale"] == "Typed now"


def test_a_newer_version_elsewhere_is_never_overwritten(at: Callable[[str], Page], watch: Watch) -> None:
    watch.expect("409")
    kitchen.refuse_drafts("Another window saved version 5.")
    page = at("/bench/")
    page.get_by_label("Why?").fill("From an old window")
    expect(page.locator("[data-draft-status]")).to_have_text("Not saved. Another window saved version 5.")
    kitchen.refuse_drafts("")


def test_leaving_with_unsaved_work_is_asked_about(at: Callable[[str], Page]) -> None:
    page = at("/bench/")
    page.get_by_label("Why?").press_sequentially("x")
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.goto("about:blank")
    assert asked == ["beforeunload"]


def test_the_lease_warns_and_can_be_extended(at: Callable[[str], Page]) -> None:
    page = at("/bench/")
    expect(page.locator(".clock.soon b")).to_have_text(re.compile(r"^[34]:\d\d$"))
    page.get_by_role("button", name="Extend").click()
    expect(page.locator("[data-lease-left]")).to_have_text(re.compile(r"^1:(30|29):\d\d$"))
    expect(page.locator(".clock.soon")).to_have_count(0)


def test_answers_are_compared_by_keys(at: Callable[[str], Page]) -> None:
    page = at("/bench/")
    page.keyboard.press("5")
    expect(page.get_by_label("5", exact=True)).to_be_checked()
    page.keyboard.press("Enter")  # submitting costs: never by a bare Enter
    expect(page).to_have_url(re.compile("/bench/$"))
    page.keyboard.press("a")
    expect(page.locator(".answer.b")).to_be_hidden()
    page.keyboard.press("a")
    expect(page.locator(".answer.b")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_label("Why?")).to_be_focused()


def test_text_is_previewed_by_the_server(at: Callable[[str], Page], live_server: LiveServer) -> None:
    page = at("/bench/")
    sign_in(page, people.user("Emil"), live_server.url)
    page.reload()
    page.get_by_label("Why?").fill(r"**Step 2** is $\ln x$")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".prose.card strong")).to_have_text("Step 2")
    expect(page.locator(".prose.card math")).to_be_visible()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_label("Why?")).to_have_value(r"**Step 2** is $\ln x$")


def test_an_empty_field_that_is_previewed_comes_back_when_it_is_wanted(
    at: Callable[[str], Page], live_server: LiveServer
) -> None:
    page = at("/bench/")
    sign_in(page, people.user("Emil"), live_server.url)
    page.reload()
    why = page.get_by_label("Why?")
    why.evaluate("field => { field.required = true; field.value = ''; }")
    page.get_by_role("button", name="Preview").click()
    expect(why).to_be_hidden()
    why.evaluate("field => field.form.requestSubmit()")
    expect(why).to_be_focused()


def test_steps_are_labelled_by_keys(at: Callable[[str], Page]) -> None:
    page = at("/steps/")
    step = page.locator("[data-step]")
    expect(page.locator("[data-correction]")).to_be_hidden()
    page.keyboard.press("g")
    expect(step.nth(0)).to_have_attribute("data-rating", "1")
    expect(step.nth(1)).to_have_class(re.compile("current"))
    page.keyboard.press("j")
    page.keyboard.press("f")
    assert [step.nth(i).get_attribute("data-rating") for i in range(4)] == ["1", "1", "-1", None]
    expect(step.nth(2).locator("[data-correction] textarea")).to_be_focused()
    page.get_by_label("Write this step as it should be").blur()
    picture(page, "part-steps-labelled")
    assert axe(page) == []
    page.keyboard.press("k")
    page.keyboard.press("b")
    expect(step.nth(1).locator("[data-correction]")).to_be_visible()
    page.keyboard.press("u")
    expect(step.nth(2).locator("[data-correction]")).to_be_visible()


def test_a_document_is_turned_and_enlarged(at: Callable[[str], Page]) -> None:
    page = at("/desk/")
    viewer = page.locator("[data-viewer]")
    page.keyboard.press("+")
    page.keyboard.press("r")
    expect(viewer).to_have_attribute("data-zoom", "150")
    expect(viewer).to_have_attribute("data-turn", "90")
    page.get_by_role("button", name="Smaller").click()
    expect(viewer).to_have_attribute("data-zoom", "100")
    page.keyboard.press("x")
    expect(page.get_by_role("dialog", name="Refuse this credential")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_wrong_policy_would_be_noticed(open_page: Opener, live_server: LiveServer, watch: Watch) -> None:
    """The watch itself: an inline style is a violation, and it is seen."""
    watch.expect("Content Security Policy")
    page = open_page()
    page.goto(f"{live_server.url}/kitchen/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    page.get_by_text("x", exact=True).wait_for()
    assert any("Content Security Policy" in line for line in watch.complaints)


def test_totp_is_switched_on_with_a_picture_that_the_policy_allows(open_page: Opener, live_server: LiveServer) -> None:
    from allauth.account.models import EmailAddress

    mina = people.user("Mina")
    EmailAddress.objects.update_or_create(user=mina, email=mina.email, defaults={"verified": True, "primary": True})
    page = open_page()
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("E-mail address").fill(mina.email)
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("link", name="Notices")).to_be_visible()
    page.goto(f"{live_server.url}/accounts/2fa/")
    picture(page, "account-2fa")
    assert axe(page) == []
    page.get_by_role("link", name="Switch on").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".qr svg path")).to_be_visible()
    picture(page, "account-totp")
    assert axe(page) == []


@pytest.mark.parametrize("look", ["desktop", "dark"])
def test_the_admin_wears_our_colours_and_keeps_the_policy(
    open_page: Opener, live_server: LiveServer, look: str
) -> None:
    olu = people.ops()
    olu.is_superuser = True
    olu.save()
    lab = people.lab(confirmed=False)
    page = open_page(look)
    sign_in(page, olu, live_server.url)
    for name, path in (("index", ""), ("labs", "accounts/lab/"), ("lab", f"accounts/lab/{lab.pk}/change/")):
        page.goto(f"{live_server.url}/admin/{path}")
        picture(page, f"admin-{name}-{look}")
        assert [line for line in axe(page) if not line.startswith(("heading-order", "empty-table-header"))] == []


def test_a_passkey_is_added_and_signs_in(open_page: Opener, live_server: LiveServer) -> None:
    """allauth's own script, loaded as a file, with an authenticator that Chromium plays."""
    mina = people.user("Mina")
    page = open_page()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    authenticator = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options = {**authenticator, "isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("E-mail address").fill(mina.email)
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("link", name="Notices")).to_be_visible()
    page.goto(f"{live_server.url}/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_label("Passwordless").check()
    picture(page, "account-passkey-add")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    picture(page, "account-recovery-codes")
    assert axe(page) == []
    page.goto(f"{live_server.url}/accounts/2fa/webauthn/")
    expect(page.get_by_role("rowheader", name="My laptop")).to_be_visible()
    assert axe(page) == []

    page.get_by_role("group").locator("summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("link", name="Notices")).to_be_visible()
