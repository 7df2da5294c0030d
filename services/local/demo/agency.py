"""A real-estate agency in Kyiv: its people, and the two things it sells. Ids are fixed, so that tokens stay good."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.accounts import NewUser
from shared.actor import Actor, ActorKind, Permission
from shared.deals import DealSource, Origin


def fixed_id(number: int) -> UUID:
    return UUID(f"01990000-0000-7000-8000-{number:012}")


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    email: str
    permissions: frozenset[Permission]

    @property
    def user(self) -> NewUser:
        return NewUser(self.id, self.name, self.email, None, active=True)

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.USER, self.id, permissions=self.permissions)


@dataclass(frozen=True, slots=True)
class Channel:
    """How requests come in; None: a person writes them down."""

    origin: Origin

    @property
    def actor(self) -> Actor | None:
        return None if self.origin.name is None else Actor(ActorKind.SOURCE, name=self.origin.name)


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody may ask for, and what the agency earns by it, in hryvnias: from `least` to `most`."""

    title: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Step:
    """An own stage. `days`: how long a deal usually stands in it."""

    name: str
    color: str
    days: float
    idle_after_days: int
    requires_amount: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """A funnel, and how it is worked: by whom, how many deals came in, and where from."""

    funnel_id: UUID
    name: str
    steps: Sequence[Step]
    loss_reasons: Sequence[str]
    people: Sequence[Person]
    channels: Sequence[Channel]
    offers: Sequence[Offer]
    deals: int


ACCOUNT = fixed_id(1)
NAME = "Агенція «Дім»"
TIME_ZONE = "Europe/Kyiv"
CURRENCY = "UAH"

SELLING = frozenset({Permission.DEALS_WRITE})
LEADING = SELLING | {Permission.FUNNELS_MANAGE, Permission.SOURCES_MANAGE}

OWNER = Person(fixed_id(2), "Олена Коваль", "olena.koval@dim.example", LEADING | {Permission.BILLING_MANAGE})
DEPUTY = Person(fixed_id(3), "Андрій Мельник", "andrii.melnyk@dim.example", LEADING)
BROKER = Person(fixed_id(4), "Ірина Бондаренко", "iryna.bondarenko@dim.example", SELLING)
REALTOR = Person(fixed_id(5), "Тарас Шевчук", "taras.shevchuk@dim.example", SELLING)
SHOP_KEEPER = Person(fixed_id(6), "Софія Ткаченко", "sofiia.tkachenko@dim.example", SELLING)
PEOPLE = (OWNER, DEPUTY, BROKER, REALTOR, SHOP_KEEPER)

BY_HAND = Channel(Origin())
WEBSITE = Channel(Origin(DealSource.FORM, "Сайт агенції"))
TELEPHONE = Channel(Origin(DealSource.CALL, "Телефонія"))

SERVICES = Trade(
    fixed_id(11),
    "Продаж та оренда нерухомості",
    (
        Step("Зідзвін", "#0EA5E9", 1.5, 3),
        Step("Презентація", "#6366F1", 4, 7),
        Step("Погодження договору", "#A855F7", 5, 10),
        Step("Підписання договору", "#EC4899", 3, 7),
        Step("Оплата", "#F59E0B", 3, 5, requires_amount=True),
    ),
    ("Дорого", "Обрали іншу агенцію", "Не виходить на зв'язок", "Передумали"),
    (DEPUTY, BROKER, REALTOR, REALTOR),
    (BY_HAND, WEBSITE, TELEPHONE, TELEPHONE),
    (
        Offer("Оренда однокімнатної", 12_000, 19_000),
        Offer("Оренда двокімнатної", 16_000, 32_000),
        Offer("Оренда студії біля метро", 11_000, 17_000),
        Offer("Продаж однокімнатної квартири", 60_000, 120_000),
        Offer("Продаж двокімнатної квартири", 90_000, 190_000),
        Offer("Купівля трикімнатної квартири", 130_000, 280_000),
        Offer("Квартира в новобудові", 75_000, 210_000),
        Offer("Будинок з ділянкою", 180_000, 420_000),
        Offer("Підбір офісу", 25_000, 90_000),
        Offer("Оренда приміщення під кав'ярню", 30_000, 65_000),
    ),
    deals=112,
)
GOODS = Trade(
    fixed_id(12),
    "Меблі та оздоблення",
    (
        Step("Зідзвін", "#06B6D4", 0.7, 2),
        Step("Підтвердження платежу", "#8B5CF6", 1.5, 4, requires_amount=True),
        Step("Оформлення відправлення", "#F97316", 1, 3),
        Step("В дорозі", "#EAB308", 3, 7),
        Step("Відправлення отримано", "#84CC16", 2, 5),
    ),
    ("Дорого", "Немає в наявності", "Довго чекати на доставку", "Не забрали посилку"),
    (BROKER, SHOP_KEEPER, SHOP_KEEPER),
    (BY_HAND, WEBSITE, WEBSITE, TELEPHONE),
    (
        Offer("Кутовий диван", 24_000, 46_000),
        Offer("Ліжко двоспальне з матрацом", 18_000, 39_000),
        Offer("Кухня на замовлення", 65_000, 160_000),
        Offer("Шафа-купе", 17_000, 34_000),
        Offer("Стіл і шість стільців", 14_000, 31_000),
        Offer("Ламінат, дуб", 9_000, 28_000),
        Offer("Керамограніт для ванної", 7_500, 22_000),
        Offer("Двері міжкімнатні", 11_000, 45_000),
        Offer("Вікна металопластикові", 21_000, 78_000),
        Offer("Шпалери та фарба", 3_200, 12_000),
    ),
    deals=94,
)
TRADES = (SERVICES, GOODS)

DISTRICTS = (
    "Поділ", "Оболонь", "Печерськ", "Голосіїв", "Троєщина", "Позняки", "Осокорки", "Лук'янівка", "Нивки",
    "Виноградар", "Борщагівка", "Теремки", "Дарниця", "Русанівка", "Ірпінь", "Буча", "Бровари", "Вишгород",
)  # fmt: skip
FIRST_NAMES = (
    "Марія", "Наталія", "Оксана", "Юлія", "Тетяна", "Катерина", "Людмила", "Вікторія", "Анна", "Світлана", "Дарина",
    "Олександр", "Сергій", "Дмитро", "Максим", "Володимир", "Богдан", "Юрій", "Ігор", "Роман", "Василь", "Назар",
)  # fmt: skip
LAST_NAMES = (
    "Шевченко", "Кравченко", "Ткачук", "Поліщук", "Лисенко", "Руденко", "Савчук", "Мороз", "Марченко", "Гаврилюк",
    "Клименко", "Павленко", "Кузьменко", "Романюк", "Левченко", "Харченко", "Бойко", "Гончар", "Яременко", "Дяченко",
    "Остапчук", "Федоренко", "Сидоренко", "Приходько", "Заяць", "Литвин", "Вовк", "Степаненко",
)  # fmt: skip
PHONE_PREFIXES = ("50", "63", "66", "67", "68", "73", "93", "95", "96", "97", "98", "99")
NOTES = ("Подякували, поки що не на часі.", "Просили повернутися восени.", "Знайшли вигідніші умови.", None, None)
