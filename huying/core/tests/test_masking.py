import pytest

from huying.core.masking import mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "masked"), [("王小明", "王**"), ("李雷", "李*"), (" 欧阳修文 ", "欧***"), ("王", "*"), ("", "")]
)
def test_a_name_keeps_its_first_character(name, masked):
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812345678", "138****5678"),
        (" 13812345678", "138****5678"),
        ("0375-3991234", "037*****1234"),
        ("3991234", "*****34"),
        ("12345", "***45"),
        ("110", "***"),
        ("", ""),
    ],
)
def test_a_phone_number_loses_its_middle(phone, masked):
    assert mask_phone(phone) == masked
