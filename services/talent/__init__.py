"""Talent: the demand directory (人才需求目录), candidates, and a matcher that explains itself.

Owns positions, candidates, contact requests and placements, secondments (柔性引才), internships and
recruiting fairs. Learns of enterprises and titles from events. Uses no sex, age, ethnicity or
photo, has no place for them, and decides for nobody: people agree or they do not.
"""
