"""Addresses of people, invitations and one's own page."""

from django.urls import path

from dashboard import navigation
from dashboard.team import invitation_views, people_views, profile_views

navigation.offer(
    navigation.Command("People", "person_list", "users", 72, words="team colleagues roles invite"),
    navigation.Command("My profile", "profile", "user", 90, words="sessions name sign out me"),
)

urlpatterns = navigation.under(
    "settings_index",
    [
        path("settings/people/", people_views.person_list, name="person_list"),
        path("settings/people/invite/", invitation_views.invitation_new, name="invitation_new"),
        path(
            "settings/people/invitations/<int:pk>/resend/",
            invitation_views.invitation_resend,
            name="invitation_resend",
        ),
        path(
            "settings/people/invitations/<int:pk>/withdraw/",
            invitation_views.invitation_withdraw,
            name="invitation_withdraw",
        ),
        path("settings/people/<int:pk>/", people_views.person_detail, name="person_detail"),
        path("settings/people/<int:pk>/role/", people_views.person_role, name="person_role"),
        path(
            "settings/people/<int:pk>/deactivate/",
            people_views.person_deactivate,
            name="person_deactivate",
        ),
        path(
            "settings/people/<int:pk>/reactivate/",
            people_views.person_reactivate,
            name="person_reactivate",
        ),
        path(
            "settings/people/<int:pk>/sessions/end/",
            people_views.person_end_sessions,
            name="person_end_sessions",
        ),
    ],
) + [
    path("me/", profile_views.profile, name="profile"),
    path(
        "me/sessions/<int:pk>/end/",
        profile_views.profile_end_session,
        name="profile_end_session",
    ),
    path(
        "me/sessions/end-others/",
        profile_views.profile_end_others,
        name="profile_end_others",
    ),
    path("invitation/accepted/", invitation_views.invitation_accepted, name="invitation_accepted"),
    path("invitation/<str:token>/", invitation_views.invitation, name="invitation"),
]
