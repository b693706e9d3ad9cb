"""Cyclr Desk: the admin dashboard.

Whatever process it is, the time zone rules that are installed with us count: a machine's own may be
years old, and then some customers' times are an hour off.
"""

import zoneinfo

zoneinfo.reset_tzpath(())
zoneinfo.ZoneInfo.clear_cache()
