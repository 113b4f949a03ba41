"""The realm file carries the roles and claims that the services check."""

import json
from typing import Any

import pytest

from shared.auth import Role, Subject, TokenVerifier, Unauthorized
from shared.settings import Settings
from tests.deploy.images.composed import ROOT
from tests.deploy.images.tokens import RECORDED, Issuer

REALM = json.loads((ROOT / "deploy/keycloak/terrace-realm.json").read_text("utf-8"))
OURS = {"aud", "role", "authority", "uscc", "org"}
USERS: dict[str, tuple[list[str], dict[str, str]]] = {
    "guangzhou": (["operator"], {"authority": "440100"}),
    "icbc": (["bank"], {"org": "icbc"}),
    "two": (["bank", "regulator"], {"authority": "440100"}),
    "none": ([], {"org": "icbc"}),
}


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    """The check of every service, with the settings of compose.yaml."""
    keys = f"http://{issuer.address}/realms/terrace/protocol/openid-connect/certs"
    return TokenVerifier(Settings(jwks=keys, issuer=issuer.issuer, audience="terrace"))


def _scope(name: str) -> dict[str, Any]:
    return next(scope for scope in REALM["clientScopes"] if scope["name"] == name)


def _claims(roles: list[str], attributes: dict[str, str]) -> dict[str, Any]:
    """What the mappers of the scope `terrace` put into an access token, as Keycloak does it."""
    claims: dict[str, Any] = {}
    for mapper in _scope("terrace")["protocolMappers"]:
        config = mapper["config"]
        if config["access.token.claim"] != "true":
            continue
        if mapper["protocolMapper"] == "oidc-audience-mapper":
            claims["aud"] = [config["included.client.audience"], "account"]
        elif mapper["protocolMapper"] == "oidc-usermodel-client-role-mapper":
            assert config["usermodel.clientRoleMapping.clientId"] == "terrace"
            many = config["multivalued"] == "true"
            if roles:
                claims[config["claim.name"]] = roles if many else f"[{', '.join(roles)}]"
        elif config["user.attribute"] in attributes:
            claims[config["claim.name"]] = attributes[config["user.attribute"]]
    return claims


def test_the_realm_has_every_role_and_no_other() -> None:
    roles = [role["name"] for role in REALM["roles"]["client"]["terrace"]]
    assert sorted(roles) == sorted(Role)


@pytest.mark.parametrize("user", USERS)
def test_the_mappers_make_the_claims_that_keycloak_issued(user: str) -> None:
    recorded = RECORDED["access"][user]
    assert _claims(*USERS[user]) == {
        name: value for name, value in recorded.items() if name in OURS
    }


def test_every_client_gets_the_scopes_that_make_a_token_whole() -> None:
    needed = {"terrace", "basic", "roles"}
    assert needed <= set(REALM["defaultDefaultClientScopes"])
    frontend = next(one for one in REALM["clients"] if one["clientId"] == "terrace-frontend")
    assert needed <= set(frontend["defaultClientScopes"])
    assert "oidc-sub-mapper" in {
        mapper["protocolMapper"] for mapper in _scope("basic")["protocolMappers"]
    }


def test_only_administrators_change_what_a_claim_says() -> None:
    provider = REALM["components"]["org.keycloak.userprofile.UserProfileProvider"][0]
    profile = json.loads(provider["config"]["kc.user.profile.config"][0])
    edit = {one["name"]: one["permissions"]["edit"] for one in profile["attributes"]}
    assert [edit[name] for name in ("authority", "uscc", "org")] == [["admin"]] * 3


def test_the_realm_holds_no_user_no_secret_and_no_password_login() -> None:
    assert "users" not in REALM
    assert REALM["registrationAllowed"] is False
    for client in REALM["clients"]:
        assert "secret" not in client
        assert not client.get("directAccessGrantsEnabled")


async def test_a_token_of_keycloak_is_who_it_says(verifier: TokenVerifier, issuer: Issuer) -> None:
    subs = {user: claims["sub"] for user, claims in RECORDED["access"].items()}
    operator = await verifier.verify(issuer.token("guangzhou"))
    assert operator == Subject(subs["guangzhou"], Role.OPERATOR, authority="440100")
    bank = await verifier.verify(issuer.token("icbc"))
    assert bank == Subject(subs["icbc"], Role.BANK, org="icbc")


@pytest.mark.parametrize("role", Role)
async def test_every_role_of_the_realm_passes(
    verifier: TokenVerifier, issuer: Issuer, role: Role
) -> None:
    assert (await verifier.verify(issuer.token("icbc", role=[str(role)]))).role is role


@pytest.mark.parametrize(
    ("user", "kind", "changes", "said"),
    [
        ("two", "access", {}, "one only"),
        ("none", "access", {}, "one only"),
        ("icbc", "access", {"role": "[bank]"}, "one only"),
        ("icbc", "id", {}, "'aud'"),
        ("icbc", "access", {"aud": ["account"]}, "'aud'"),
        ("icbc", "access", {"iss": "http://localhost:8080/realms/master"}, "'iss'"),
        ("icbc", "access", {"org": ["icbc", "ccb"]}, "claim org must be one text"),
        ("icbc", "access", {"sub": None}, "'sub'"),
        ("icbc", "access", {"exp": 1}, "expired"),
    ],
)
async def test_what_is_not_one_good_access_token_is_refused(
    verifier: TokenVerifier,
    issuer: Issuer,
    user: str,
    kind: str,
    changes: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(Unauthorized) as refused:
        await verifier.verify(issuer.token(user, kind, **changes))
    assert said in refused.value.detail
