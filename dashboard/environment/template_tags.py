"""The template tags that every template has without loading them."""

TEMPLATE_TAGS = [
    "dashboard.common.templatetags.desk",
    "dashboard.common.templatetags.times",
    "dashboard.common.templatetags.form_fields",
    "dashboard.common.templatetags.parts",
    "dashboard.common.templatetags.sorts",
    "dashboard.people.templatetags.access",
]
