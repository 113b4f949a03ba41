"""The dossier of an enterprise (一户一档): every fact a rule reads, and what only people read.

Its JSON schema is published by the enterprise service, field by field with the official Chinese
term. What rules read travels in events (`EnterpriseFacts`); names, contacts and documents do not.
"""

from pydantic import Field

from contracts.facts import EnterpriseFacts
from contracts.values import Day, Value


class Document(Value):
    """A document that proves a part of the dossier (佐证材料). The file itself lives elsewhere."""

    section: str = Field(title="佐证部分", max_length=64, examples=["accounts"])
    title: str = Field(title="材料名称", max_length=200)
    reference: str = Field(title="编号或存放位置", max_length=500)
    issued_on: Day | None = Field(None, title="出具日期")


class Dossier(EnterpriseFacts):
    """The dossier of one enterprise (企业档案)."""

    name: str = Field(title="企业名称", min_length=2, max_length=200)
    address: str | None = Field(None, title="注册地址", max_length=300)
    leading_product_name: str | None = Field(None, title="主导产品名称", max_length=200)
    strategy: str | None = Field(None, title="发展战略", max_length=2000)
    contact_phone: str | None = Field(None, title="联系电话", pattern=r"^[0-9+\- ]{5,30}$")
    documents: tuple[Document, ...] = Field((), title="佐证材料", max_length=200)

    def facts(self) -> EnterpriseFacts:
        """The part that rules read."""
        names = EnterpriseFacts.model_fields
        return EnterpriseFacts.model_construct(**{name: getattr(self, name) for name in names})
