"""Recruiting fairs (公益性招聘, 巡回招聘, 直播带岗): seats, waiting, check-in, outcomes."""
