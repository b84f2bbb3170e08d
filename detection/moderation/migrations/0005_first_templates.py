from django.db import migrations

# name, verdict, kind, ground, confidence, note
TEMPLATES = (
    ("Face does not belong", "fake", "face_swap", "seen", "sure", "The face differs from its surroundings in sharpness, skin or light; a seam shows at its edge."),
    ("Mouth does not fit", "fake", "reenactment", "motion", "sure", "Lips and sound, or mouth and face, do not move together."),
    ("Generated as a whole", "fake", "synthesis", "seen", "sure", "Hands, ears, teeth, writing or background are impossible."),
    ("Retouched in one place", "fake", "edit", "seen", "fair", "One area was painted over or pasted in."),
    ("Ordinary photograph", "real", "", "seen", "fair", "Light, skin, edges and background fit together; compression explains what is odd."),
    ("Source is known", "real", "", "source", "sure", "The original was found with its publisher."),
    ("Too poor to judge", "cannot_tell", "", "quality", "sure", "Too small, too blurred or too compressed for anybody to tell."),
    ("No real person", "out_of_scope", "", "no_person", "sure", "A drawing, a figure, a game, or nobody at all."),
)


def add(apps, schema_editor):
    DecisionTemplate = apps.get_model("moderation", "DecisionTemplate")
    for position, (name, verdict, kind, ground, confidence, note) in enumerate(TEMPLATES, 1):
        DecisionTemplate.objects.get_or_create(
            name=name,
            defaults={
                "verdict": verdict,
                "kind": kind,
                "ground": ground,
                "confidence": confidence,
                "note": note,
                "position": position,
            },
        )


class Migration(migrations.Migration):

    dependencies = [("moderation", "0004_notice_mail")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
