"""Dossiers, their versions, consents, segments."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("""
        CREATE TABLE enterprise (
            uscc text PRIMARY KEY,
            name text NOT NULL,
            region text NOT NULL,
            industry text NOT NULL,
            segment text,
            status text NOT NULL,
            version bigint NOT NULL,
            registered_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            dossier jsonb NOT NULL
        )
    """)
    op.execute("CREATE INDEX enterprise_region ON enterprise (region, uscc)")
    op.execute("CREATE INDEX enterprise_segment ON enterprise (segment, uscc)")
    op.execute("""
        CREATE TABLE dossier_version (
            uscc text NOT NULL REFERENCES enterprise (uscc),
            version bigint NOT NULL,
            status text NOT NULL,
            known_at timestamptz NOT NULL,
            changed_by text NOT NULL,
            dossier jsonb NOT NULL,
            PRIMARY KEY (uscc, version)
        )
    """)
    op.execute("""
        CREATE TABLE consent (
            consent_id uuid PRIMARY KEY,
            uscc text NOT NULL REFERENCES enterprise (uscc),
            bank text NOT NULL,
            purpose text NOT NULL,
            fields text[] NOT NULL,
            evidence jsonb NOT NULL,
            granted_at timestamptz NOT NULL,
            granted_by text NOT NULL,
            expires_on date NOT NULL,
            withdrawn_at timestamptz
        )
    """)
    op.execute("CREATE INDEX consent_enterprise ON consent (uscc, granted_at)")
    op.execute("""
        CREATE TABLE segment (
            segment_id text PRIMARY KEY,
            name text NOT NULL,
            chain text NOT NULL,
            positions text[] NOT NULL
        )
    """)
    op.execute("""
        INSERT INTO segment (segment_id, name, chain, positions) VALUES
        ('elevator-maintenance', '电梯维保', '电梯', '{component,service}'),
        ('industrial-iot-gateway', '工业物联网网关', '工业互联网', '{component,equipment}'),
        ('machine-vision', '机器视觉检测', '智能装备', '{component,equipment,software}'),
        ('servo-drive', '伺服驱动', '工业机器人', '{component,equipment}'),
        ('laser-equipment', '激光加工装备', '智能装备', '{component,equipment}'),
        ('battery-material', '动力电池材料', '新能源汽车', '{material,component}'),
        ('automotive-electronics', '汽车电子', '新能源汽车', '{component,software}'),
        ('medical-device', '医疗器械', '生物医药', '{component,equipment,service}'),
        ('in-vitro-diagnostics', '体外诊断试剂', '生物医药', '{material,equipment}'),
        ('industrial-software', '工业软件', '软件和信创', '{software,service}'),
        ('testing-certification', '检验检测认证', '高技术服务', '{service}'),
        ('fine-chemicals', '精细化工新材料', '新材料', '{material}'),
        ('environmental-equipment', '环保装备', '节能环保', '{equipment,service}'),
        ('supply-chain-service', '供应链服务', '现代流通', '{service}')
    """)


def downgrade() -> None:
    for table in ("segment", "consent", "dossier_version", "enterprise"):
        op.execute(f"DROP TABLE {table}")
