"""The talent service: composition root."""

from services.talent import handlers, routes
from services.talent.candidates import routes as candidates
from services.talent.candidates.vault import KeyRingWatch
from services.talent.fairs import routes as fairs
from services.talent.internships import routes as internships
from services.talent.jobs import JOBS
from services.talent.matcher import Matcher
from services.talent.placements import routes as placements
from services.talent.positions import routes as positions
from services.talent.secondments import routes as secondments
from shared.app import create_service

matcher = Matcher()
app = create_service(
    "talent",
    title="人才 Talent",
    description="The demand directory (人才需求目录), candidates, and matches with their reasons.",
    routers=[
        positions.router,
        candidates.router,
        routes.router,
        placements.router,
        secondments.router,
        internships.router,
        fairs.router,
    ],
    handlers=[handlers.on_dossier_changed, handlers.on_titles_changed],
    jobs=JOBS,
    companions=[matcher, KeyRingWatch()],
)
app.state.matcher = matcher
