"""Refusals: what the product says no to, as facts with their data and a sentence for people.

    DomainError
    ├── Unauthenticated          who is asking is not known
    ├── Forbidden                the right is missing
    ├── InvalidInput             one or more inputs cannot be taken as they are
    ├── NotFound                 what is acted on is not there, or not the viewer's
    ├── ModuleInactive           the paid module is not usable now
    ├── Conflict
    │   ├── StaleDeal            someone else changed the deal first
    │   ├── StaleFunnel          someone else changed the funnel first
    │   └── IdempotencyConflict  the key was used with another input
    ├── StageNotInFunnel         a deal cannot go to a stage of another funnel
    ├── LossReasonRequired       a deal is not lost without a reason (or without the note the reason wants)
    ├── AmountRequired           the stage takes no deal without an amount
    ├── StageNotEmpty            a stage with deals is deleted only when it is said where they go
    ├── NotAllowedNow            a state forbids it
    └── Unavailable              overload or an outage: nothing was done, try again

A refusal is raised inside a transaction, which it takes back whole: it changes nothing and tells nobody.
A refusal holds ids, not things: whoever shows it reads the things as they are then.
"""

import re
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

LANGUAGES = ("uk", "en")


@dataclass(frozen=True)
class Sentence:
    """The same sentence in each language that people may read it in; `{names}` are filled in."""

    en: str
    uk: str

    def filled(self, **values: object) -> "Sentence":
        return Sentence(self.en.format(**values), self.uk.format(**values))

    def to(self, language: str) -> str:
        return self.uk if language == "uk" else self.en


@dataclass(frozen=True)
class Problem:
    """What is wrong with one input: the path inside the input, and why."""

    path: tuple[str, ...]
    sentence: Sentence


class DomainError(Exception):
    """A refusal. `sentence` is for people; `code` for programs: the class's name in capitals."""

    says: ClassVar[Sentence]

    def __init__(self, **values: object) -> None:
        self.sentence = self.says.filled(**values)
        super().__init__(self.sentence.en)

    @property
    def code(self) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).upper()


class Unauthenticated(DomainError):
    says = Sentence(
        "Sign in first: this needs a valid token of a known account.",
        "Спершу увійдіть: потрібен чинний токен відомого акаунта.",
    )


class Forbidden(DomainError):
    """`permission` is None where no permission helps: the host CRM's token looks into no account."""

    says = Sentence(
        "You need the permission {permission} for this.",
        "Для цього потрібен дозвіл {permission}.",
    )
    says_no = Sentence(
        "This needs a person's token: the host CRM's own sets accounts up, and looks into none.",
        "Для цього потрібен токен людини: власний токен CRM лише налаштовує акаунти.",
    )

    def __init__(self, permission: str | None) -> None:
        super().__init__(permission=permission)
        if permission is None:
            self.sentence = self.says_no
        self.permission = permission


class InvalidInput(DomainError):
    says = Sentence("Some of what was given cannot be taken: {paths}.", "Дещо з введеного не можна прийняти: {paths}.")

    def __init__(self, *problems: Problem) -> None:
        super().__init__(paths=", ".join(".".join(problem.path) for problem in problems))
        self.problems = problems


class NotFound(DomainError):
    says = Sentence("There is nothing here with the id {id}.", "Тут немає нічого з ідентифікатором {id}.")

    def __init__(self, id: UUID) -> None:
        super().__init__(id=id)
        self.id = id


class ModuleInactive(DomainError):
    says = Sentence(
        "The module {module} is not active: connect it in the subscription settings.",
        "Модуль {module} не активний: підключіть його в керуванні підпискою.",
    )

    def __init__(self, module_code: str) -> None:
        super().__init__(module=module_code)
        self.module_code = module_code


class Conflict(DomainError):
    """Someone else was first."""


class StaleDeal(Conflict):
    says = Sentence(
        "Someone else changed this deal first. Look at it again and repeat.",
        "Хтось інший змінив цю угоду раніше. Перегляньте її та повторіть.",
    )

    def __init__(self, deal_id: UUID) -> None:
        super().__init__()
        self.deal_id = deal_id


class StaleFunnel(Conflict):
    says = Sentence(
        "Someone else changed this funnel first. Look at it again and repeat.",
        "Хтось інший змінив цю воронку раніше. Перегляньте її та повторіть.",
    )

    def __init__(self, funnel_id: UUID) -> None:
        super().__init__()
        self.funnel_id = funnel_id


class IdempotencyConflict(Conflict):
    says = Sentence(
        "This idempotency key was already used with another input: take a new key.",
        "Цей ключ ідемпотентності вже використано з іншими даними: візьміть новий ключ.",
    )


class StageNotInFunnel(DomainError):
    says = Sentence("This stage does not belong to the deal's funnel.", "Цей етап не належить до воронки угоди.")

    def __init__(self, stage_id: UUID) -> None:
        super().__init__()
        self.stage_id = stage_id


class LossReasonRequired(DomainError):
    says = Sentence(
        "Choose why the deal is lost; the reason may also want a note.",
        "Вкажіть причину втрати угоди; деякі причини потребують ще й примітки.",
    )

    def __init__(self, funnel_id: UUID) -> None:
        super().__init__()
        self.funnel_id = funnel_id


class AmountRequired(DomainError):
    says = Sentence(
        "Deals in this stage need an amount: give one.",
        "Угоди на цьому етапі потребують суми: вкажіть її.",
    )

    def __init__(self, stage_id: UUID) -> None:
        super().__init__()
        self.stage_id = stage_id


class StageNotEmpty(DomainError):
    says = Sentence(
        "Deals stand in this stage ({deal_count}): say where they are to go.",
        "На цьому етапі є угоди ({deal_count}): вкажіть, куди їх перемістити.",
    )

    def __init__(self, deal_count: int) -> None:
        super().__init__(deal_count=deal_count)
        self.deal_count = deal_count


class NotAllowedNow(DomainError):
    """`reason` is for programs, in capitals: TRIAL_USED."""

    says = Sentence("This is not possible now: {why}", "Зараз це неможливо: {why}")

    def __init__(self, reason: str, why: Sentence) -> None:
        super().__init__(why="")
        self.sentence = Sentence(self.says.en.format(why=why.en), self.says.uk.format(why=why.uk))
        self.reason = reason


class Unavailable(DomainError):
    """`retry_after`: seconds after which a client should try again. `instead`: what is said where that is more to the point."""

    says = Sentence(
        "The service is busy. Nothing was changed: try again in a moment.",
        "Сервіс зайнятий. Нічого не змінено: спробуйте ще раз за мить.",
    )

    def __init__(self, retry_after: int = 1, instead: Sentence | None = None) -> None:
        super().__init__()
        self.sentence = instead or self.sentence
        self.retry_after = retry_after
