"""What is said of a value whose form is wrong."""

from shared.errors import Sentence

NEEDED = Sentence("This is needed.", "Це обов'язкове поле.")
NOT_NULL = Sentence(
    "This cannot be cleared: leave it out or give a value.", "Це не можна очистити: пропустіть або вкажіть."
)
EMPTY = Sentence("Write something here.", "Напишіть тут щось.")
TOO_LONG = Sentence("At most {most} characters, please; these are {count}.", "Не більше {most} символів; тут {count}.")
CONTROL = Sentence("Control characters cannot be kept.", "Керівні символи зберегти не можна.")
NOT_UNICODE = Sentence("This is not valid Unicode text.", "Це не коректний текст Unicode.")
NO_UUID = Sentence("A new id must be a UUID.", "Новий ідентифікатор має бути UUID.")
TWICE = Sentence("This stands here twice.", "Це вказано двічі.")
NO_COLOR = Sentence("A color looks like #1A2B3C.", "Колір має вигляд #1A2B3C.")
NO_PHONE = Sentence(
    "This is no phone number: write it like +380501234567.", "Це не номер телефону: напишіть його як +380501234567."
)
NO_EMAIL = Sentence("This is no e-mail address.", "Це не адреса електронної пошти.")
NO_WEB_ADDRESS = Sentence(
    "An address looks like https://crm.example.com/billing.", "Адреса має вигляд https://crm.example.com/billing."
)
NO_AMOUNT = Sentence(
    'An amount looks like "1250.50": not negative, below 10^13, at most {places} decimals.',
    "Сума має вигляд «1250.50»: не від'ємна, менша за 10^13, не більше {places} знаків після крапки.",
)
NO_CURRENCY = Sentence("This is no currency of ISO 4217, such as UAH.", "Це не валюта за ISO 4217, як-от UAH.")
NO_DATE = Sentence("A date looks like 2026-03-31.", "Дата має вигляд 2026-03-31.")
NO_INSTANT = Sentence("A time looks like 2026-03-31T09:30:00Z.", "Час має вигляд 2026-03-31T09:30:00Z.")
OUT_OF_BOUNDS = Sentence("This must be from {least} to {most}.", "Це має бути від {least} до {most}.")
NO_OBJECT = Sentence("This must be a JSON object.", "Це має бути об'єкт JSON.")
TOO_MUCH_JSON = Sentence(
    "At most {bytes} bytes, nested at most {deep} deep.", "Не більше {bytes} байтів і {deep} рівнів вкладення."
)
NO_JSON_NUMBER = Sentence(
    "JSON cannot hold this number: write it as text.", "JSON не вміщує такого числа: запишіть як текст."
)
TOO_MANY = Sentence("At most {most} of these.", "Не більше {most}.")
