"""What a token may be used for. A person who is signed in on the site needs no scope: roles still decide about both."""

DETECT_WRITE = "detect:write"
DETECT_READ = "detect:read"
FEEDBACK_WRITE = "feedback:write"
MODERATE = "moderate"
LEARN_RUN = "learn:run"
WEBHOOKS_WRITE = "webhooks:write"  # its own scope: an endpoint outlives the token that made it

SCOPES: dict[str, str] = {
    DETECT_WRITE: "Upload files, run them again, cancel and delete",
    DETECT_READ: "Read results, history, media and usage",
    FEEDBACK_WRITE: "Say whether a result was right",
    MODERATE: "Work on the moderation queue, where the account may",
    LEARN_RUN: "Start and read trainings, where the account may",
    WEBHOOKS_WRITE: "See, make and change webhooks",
}
