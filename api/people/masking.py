"""Masks: what is shown of a name or a number to a reader who has not given a reason."""


def mask_name(name: str) -> str:
    """Keep the family name only.

    Examples
    --------
    >>> mask_name("张三丰"), mask_name("李四"), mask_name("")
    ('张**', '李*', '')
    """
    return name[:1] + "*" * (len(name) - 1)


def mask_phone(phone: str | None) -> str | None:
    """Keep the first three and the last two digits; a number too short for that is all stars.

    Examples
    --------
    >>> mask_phone("13812345678"), mask_phone("12345"), mask_phone(None)
    ('138******78', '*****', None)
    """
    if phone is None:
        return None
    if len(phone) < 8:
        return "*" * len(phone)
    return phone[:3] + "*" * (len(phone) - 5) + phone[-2:]
