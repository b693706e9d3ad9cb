"""Reading Cyclr into the mirror: what others may call. It writes by `mirror.writing`."""

from dashboard.mirror.sync.accounts import read_sub_accounts, refresh_accounts, write_sub_accounts
from dashboard.mirror.sync.chunks import give_up_help, help_read, read_chunks, waiting_accounts
from dashboard.mirror.sync.columns import (
    account_columns,
    account_connector_columns,
    connector_columns,
)
from dashboard.mirror.sync.connectors import missing_connectors, write_account_connectors
from dashboard.mirror.sync.cycles import (
    read_cycles,
    read_templates,
    refresh_templates,
    write_cycles,
    write_new_cycle,
)
from dashboard.mirror.sync.due import is_large, reading_interval
from dashboard.mirror.sync.errors import message_for
from dashboard.mirror.sync.figures import write_daily_figure
from dashboard.mirror.sync.library import catalogue_accounts, refresh_library
from dashboard.mirror.sync.methods import fill_methods
from dashboard.mirror.sync.reading import GRACE
from dashboard.mirror.sync.refresh import refresh_account
from dashboard.mirror.sync.runs import (
    finish_run,
    give_up,
    is_due,
    pause,
    read_accounts,
    read_library,
    release,
    start_due_runs,
    start_run,
    wait_while_stopped,
)
from dashboard.mirror.sync.stopping import is_stopped, resume_sync, stop_sync

__all__ = [
    "GRACE",
    "account_columns",
    "account_connector_columns",
    "catalogue_accounts",
    "connector_columns",
    "fill_methods",
    "finish_run",
    "give_up",
    "give_up_help",
    "help_read",
    "is_due",
    "is_large",
    "is_stopped",
    "missing_connectors",
    "pause",
    "read_accounts",
    "read_chunks",
    "read_cycles",
    "read_library",
    "read_sub_accounts",
    "read_templates",
    "reading_interval",
    "refresh_account",
    "refresh_accounts",
    "refresh_library",
    "refresh_templates",
    "release",
    "resume_sync",
    "start_due_runs",
    "start_run",
    "stop_sync",
    "wait_while_stopped",
    "waiting_accounts",
    "message_for",
    "write_account_connectors",
    "write_cycles",
    "write_new_cycle",
    "write_daily_figure",
    "write_sub_accounts",
]
