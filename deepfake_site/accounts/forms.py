"""What people fill in about themselves."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm, UserCreationForm
from django.contrib.auth.models import User
from django.http import QueryDict

from deepfake_site.accounts import retention

if TYPE_CHECKING:
    NewUserForm = UserCreationForm[User]
else:
    NewUserForm = UserCreationForm  # generic for the type checker only

EMAIL_HINT = "Only used to reset your password and to tell you about your own account."


class RegisterForm(NewUserForm):
    """A new account. The address need not be unique: refusing a known one would tell strangers who is here."""

    email = forms.EmailField(max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "email")

    WORDS = {  # per field: what stands above it, below that, and what an empty one is told
        "username": ("Username", "Letters, digits and @ . + - _ only.", "Choose a username."),
        "email": ("Email address", EMAIL_HINT, "Enter an email address."),
        "password1": ("Password", "At least 8 characters, not only digits, not a common one.", "Choose a password."),
        "password2": ("Password again", "", "Enter the password a second time."),
    }

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        for name, (label, hint, when_empty) in self.WORDS.items():
            field = self.fields[name]
            field.label, field.help_text, field.error_messages["required"] = label, hint, when_empty


class NewPasswordForm(PasswordChangeForm):
    """Django's own, and whether the API tokens end too."""

    revoke_tokens = forms.BooleanField(
        label="Revoke my API tokens too",
        help_text="Choose this if somebody else may know your old password. Programs that use them then need new ones.",
        required=False,
    )


class CurrentPasswordForm(forms.Form):
    """Asks for the password of the person who is signed in."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password."},
    )

    def __init__(self, user: User, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError("This is not your password. Enter the one that you sign in with.")
        return password


class ProfileForm(forms.Form):
    """Name and address. Whoever finds an open browser must not be able to move the address, and with it the account."""

    STORED = ("first_name", "last_name", "email")

    first_name = forms.CharField(
        label="First name",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label="Last name",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    email = forms.EmailField(
        label="Email address",
        help_text=EMAIL_HINT,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": "Enter an email address."},
    )
    password = forms.CharField(
        label="Your password",
        help_text="Only needed to change the email address.",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={name: getattr(user, name) for name in self.STORED})
        self.user = user

    def clean(self) -> dict[str, Any]:
        if "email" in self.changed_data and not self.user.check_password(self.cleaned_data.get("password", "")):
            self.add_error("password", "Enter your password to change the email address.")
        return self.cleaned_data


class RetentionForm(forms.Form):
    """One of the times that are less than the site's own, or the site's own."""

    days = forms.TypedChoiceField(label="Remove files", required=False, coerce=int, empty_value=None)

    def __init__(self, data: QueryDict | None = None, **more: Any) -> None:
        super().__init__(data, **more)
        own = settings.DEEPFAKE_RETENTION_DAYS
        default = f"after {own} days, like everybody's" if own > 0 else "never"
        shorter = [(str(days), f"after {days} day{'' if days == 1 else 's'}") for days in retention.choices()]
        self.fields["days"].choices = [("", default), *shorter]  # type: ignore[attr-defined]  # a choice field
