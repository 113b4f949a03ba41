"""Catalog search: p99 of a Chinese search over 100,000 offerings, alone and by one caller.

Ours is the service's own function on its own tables. The peer is a sequential scan: the same
table without an index, asked with LIKE for the same words, the order and the limit the same.
Half of the queries are common words of the trade, which many offerings contain; a tenth is what no
offering contains, so that the nearest are sought; a few ask for a kind of service that none is of.
"""

import random
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import insert

from deploy.local.postgres import PostgresServer
from services.catalog.offerings.finding import Surroundings, search_offerings
from services.catalog.offerings.models import Offering
from services.catalog.offerings.schemas import OfferingWrite
from services.catalog.offerings.service import columns_of
from services.catalog.search import runs
from shared import migrate
from shared.db import Database, Session

NAME = "catalog-search"
OFFERINGS = 100_000
QUERIES = 600
PEER_QUERIES = 60
LIMIT = 20
P99_MS_MAX = 50.0
SEED = 6
SUBJECTS = """
数字化转型 智能工厂 绿色工厂 工业互联网 云平台 数据采集 知识产权
高价值专利 商标品牌 检验检测 计量校准 质量管理体系 节能降碳 碳足迹
人才培训 技能提升 股权融资 供应链金融 上市辅导 财税合规 法律援助 海外市场
跨境电商 展会对接 政采贷 工业设计 小试中试 概念验证 成果转化 产学研合作
标准制定 网络安全 数据安全 设备联网 机器视觉 伺服驱动 电梯维保 激光加工
动力电池 医疗器械 体外诊断 精细化工 环保装备
"""
DOINGS = """
诊断 咨询 辅导 改造 培训 评估 对接 测评 规划 托管 认证 代理 检测
设计 推广 方案
"""
ENDS = """
服务 平台 套餐 专项 计划 工具 课程 解决方案
"""
SEGMENTS = ("machine-vision", "servo-drive", "elevator-maintenance", "laser-equipment")
RARE = "梯田岭南越秀荔湾海珠黄埔番禺花都南沙增城从化"


def _written(rng: random.Random) -> OfferingWrite:
    subjects, doings = SUBJECTS.split(), DOINGS.split()
    subject, other = rng.sample(subjects, 2)
    mark = "".join(rng.sample(RARE, 3))
    return OfferingWrite.model_validate(
        {
            "service": rng.choice(("information", "technology", "training", "comprehensive")),
            "name": f"{subject}{rng.choice(doings)}{rng.choice(ENDS.split())}",
            "description": f"面向中小企业提供{other}{rng.choice(doings)}，{mark}团队驻点服务，"
            f"编号{rng.randrange(10**6)}，含{rng.choice(subjects)}与{rng.choice(doings)}。",
            "segments": rng.sample(SEGMENTS, rng.randint(0, 2)),
            "regions": rng.choice(([], ["440000"], ["440100"], ["320000"])),
        }
    )


async def _fill(database: Database) -> None:
    rng = random.Random(SEED)
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.execute(
            text(
                "INSERT INTO provider (provider, authority, name, kind, status, introduction,"
                " sample, version, registered_at, changed_at) SELECT 'p' || n, '440100',"
                " '服务机构' || n, 'platform_company', 'listed', '示例', true, 1, now(), now()"
                " FROM generate_series(0, 499) AS n"
            )
        )
    for start in range(0, OFFERINGS, 1000):
        rows = [
            {
                "offering_id": UUID(int=rng.getrandbits(128)),
                "provider": f"p{number % 500}",
                "status": "published",
                "version": 1,
                **columns_of(_written(rng), f"服务机构{number % 500}"),
            }
            for number in range(start, start + 1000)
        ]
        async with database.transaction() as session:
            await (await session.connection()).execute(insert(Offering), rows)
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.execute(
            text(
                "CREATE TABLE plain_offering AS SELECT *,"
                " ARRAY(SELECT jsonb_array_elements_text(content -> 'segments')) AS segments"
                " FROM offering"
            )
        )
        await connection.execute(text("ANALYZE"))


def _queries(rng: random.Random, count: int) -> list[str]:
    found, subjects, doings = [], SUBJECTS.split(), DOINGS.split()
    for number in range(count):
        if number % 10 == 0:
            found.append(f"{rng.choice(subjects)}{rng.choice(doings)}海外仓")
        elif number % 2:
            found.append(rng.choice((*subjects, *doings)))
        else:
            found.append(
                rng.choice(
                    (
                        f"{rng.choice(subjects)}{rng.choice(doings)}",
                        f"{rng.choice(subjects)} {''.join(rng.sample(RARE, 2))}",
                        "".join(rng.sample(RARE, 3)),
                    )
                )
            )
    return found


async def _ours(session: Session, query: str) -> None:
    near = Surroundings("440106", "machine-vision", "3484")
    service = "entrepreneurship" if query in SUBJECTS.split()[:4] else None
    await search_offerings(session, query, near, LIMIT, service)


async def _scan(session: Session, query: str) -> None:
    asked = runs(query)
    contains = " AND ".join(f"searchable LIKE :run{n}" for n in range(len(asked)))
    statement = text(
        f"SELECT offering_id FROM plain_offering WHERE {contains} AND status = 'published'"
        " AND (regions = '{}' OR regions && ARRAY['440106', '440100', '440000'])"
        " AND provider IN (SELECT provider FROM provider WHERE status = 'listed')"
        " ORDER BY 'machine-vision' = ANY(segments) DESC, name, offering_id LIMIT 20"
    )
    values = {f"run{n}": f"%{run}%" for n, run in enumerate(asked)}
    await (await session.connection()).execute(statement, values)


async def _p99_ms(database: Database, ask: Any, queries: list[str]) -> float:
    times = []
    async with database.transaction() as session:
        for query in queries[:20]:
            await ask(session, query)
        for query in queries:
            began = time.perf_counter()
            await ask(session, query)
            times.append((time.perf_counter() - began) * 1000)
    return sorted(times)[int(len(times) * 0.99)]


async def run() -> dict[str, Any]:
    """Measure on a PostgreSQL of its own."""
    with tempfile.TemporaryDirectory() as directory:
        server = PostgresServer(Path(directory))
        try:
            server.start()
            url = server.ensure_database("bench_catalog")
            await migrate.upgrade(url, "catalog")
            database = Database(url)
            await _fill(database)
            rng = random.Random(SEED + 1)
            ours = await _p99_ms(database, _ours, _queries(rng, QUERIES))
            peer = await _p99_ms(database, _scan, _queries(rng, PEER_QUERIES))
            await database.close()
        finally:
            server.remove()
    return {
        "bench": NAME,
        "ours": round(ours, 1),
        "unit": f"ms p99 of a search over {OFFERINGS} offerings",
        "peers": {"sequential-scan": round(peer, 1)},
        "ratio": {"sequential-scan": round(peer / ours, 1)},
        "target": f"< {P99_MS_MAX:.0f} ms",
        "met": ours < P99_MS_MAX,
    }
