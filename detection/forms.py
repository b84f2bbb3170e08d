"""What the pages of the detection ask for, beside the files."""

from django import forms


class UploadForm(forms.Form):
    """The files themselves are taken one by one by `uploads.accept`, each with its own refusal."""

    may_train = forms.BooleanField(required=False)
    batch = forms.UUIDField(required=False)  # set by the page's script, which sends every file by itself
