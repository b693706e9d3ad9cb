"""Addresses of an installed connector's methods."""

from django.urls import path

from dashboard import navigation
from dashboard.features.registry import closes, part_of
from dashboard.methods import answer_views, saving_views, views
from dashboard.methods.switches import CALLS, WRITING

_HERE = "connectors/<int:pk>/methods/"

urlpatterns = navigation.under(
    "connector_list",
    [
        path(_HERE, views.method_list, name="method_list"),
        path(f"{_HERE}read/", views.method_read, name="method_read"),
        path(f"{_HERE}calls/<int:call_pk>/", answer_views.method_call, name="method_call"),
        path(
            f"{_HERE}calls/<int:call_pk>/tree/",
            answer_views.method_call_tree,
            name="method_call_tree",
        ),
        path(
            f"{_HERE}calls/<int:call_pk>/download/",
            answer_views.method_call_download,
            name="method_call_download",
        ),
        path(
            f"{_HERE}calls/<int:call_pk>/save/",
            saving_views.method_call_save,
            name="method_call_save",
        ),
        path(
            f"{_HERE}saved/<int:saved_pk>/delete/",
            saving_views.saved_call_delete,
            name="saved_call_delete",
        ),
        path(f"{_HERE}<slug:key>/", views.method_detail, name="method_detail"),
        path(f"{_HERE}<slug:key>/choices/", views.method_choices, name="method_choices"),
        path(f"{_HERE}<slug:key>/mark/", views.method_mark, name="method_mark"),
    ],
)

part_of(CALLS, urlpatterns)
closes(WRITING, "method_mark")
