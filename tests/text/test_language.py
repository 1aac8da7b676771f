"""Language: told where it can be, not guessed where it cannot, and what the model was not trained for is never sure."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.mentions import Mention
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.state import MemoryStore, State
from pipeline.text.language import base, identify, language, trained
from pipeline.text.out_of_domain import untrained
from tests.support.messages import post, records
from tests.support.scorers import FixedScorer

TELLING = """
en my order never came and nobody answers the phone
en ugh comcast is down again lol
en omg i luv the new iphone sm 😍😍
en ryanair r takin the piss m8
en ok so netflix is raising prices agaaaain
en gonna switch 2 tmobile, verizon is trash
en Amazon delivery guy threw my package over the fence
en whyyyy is spotify not working
en cant believe starbucks is out of oat milk
en been on hold with @BofA_Help for 2 hrs... unreal #fail
en nah this is a joke, third time this week they cancel on me
en Shoutout to the lady at Delta who found my kid's teddy bear
es mi pedido nunca llegó y nadie contesta el teléfono
es @Delta perdió mi maleta otra vez, nadie da la cara
es Vodafone no funciona hoy en todo el barrio
es llevo dos horas esperando a que me atiendan, una vergüenza
pt o meu pedido nunca chegou, péssimo atendimento
pt alguém mais está sem internet hoje? não aguento mais
de mein Paket ist immer noch nicht da
de die Bahn kommt wieder zu spät, super
de seit drei Tagen kein Internet und niemand meldet sich
fr ma commande n'est jamais arrivée
fr j'attends mon remboursement depuis deux mois, c'est une honte
it il mio ordine non è mai arrivato
it servizio pessimo, mai più con questa compagnia
nl mijn bestelling is nooit aangekomen
nl de trein heeft weer vertraging bedankt @NS_online
tr siparişim hala gelmedi rezalet
id pesanan saya belum datang juga, parah
pl moje zamówienie nigdy nie dotarło
sv mitt paket har fortfarande inte kommit
ja 注文した商品がまだ届きません
ru мой заказ так и не пришёл
ar طلبي لم يصل حتى الآن
ko 주문한 물건이 아직 안 왔어요
hi मेरा ऑर्डर अभी तक नहीं आया
zh 我的订单一直没有到
th ของยังไม่มาเลย
he החבילה שלי עדיין לא הגיעה
el η παραγγελία μου δεν ήρθε ποτέ
uk моє замовлення так і не прийшло, жах
vi đơn hàng của tôi mãi không đến
"""
CASES = [tuple(line.split(" ", 1)) for line in TELLING.strip().splitlines()]


@pytest.mark.parametrize(("lang", "text"), CASES)
def test_a_sentence_tells(lang: str, text: str) -> None:
    heard = identify(text).lang
    assert heard is not None
    assert base(heard) == lang


@pytest.mark.parametrize(
    "text", ["yeah they suck", "smh", "@Delta 👎👎", "https://example.com/es/noticias", "#querido", "", "😡"]
)
def test_a_few_words_do_not(text: str) -> None:
    assert identify(text).lang is None


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    heard = identify(text)
    assert heard.lang is None or 2 <= len(base(heard.lang)) <= 3
    trained(heard.lang, text)


SPANISH = "mi pedido nunca llegó y nadie contesta el teléfono"
ENGLISH = "my order never came and nobody answers the phone"


@pytest.mark.parametrize(
    ("text", "said", "lang"),
    [
        (SPANISH, None, "es"),
        (SPANISH, "es-MX", "es-MX"),
        (SPANISH, "en", "es"),
        (ENGLISH, "de", "en"),
        ("so bad", "en", "en"),
        ("so bad", "de", "de"),
        ("so bad", None, None),
        ("que mal", "en", "en"),
        ("mera order abhi tak nahi aaya yaar kya bakwas service hai", "en", None),
        ("mera order abhi tak nahi aaya yaar kya bakwas service hai", "hi", "hi"),
        ("yeah they suck so bad smh", "en-GB", "en-GB"),
    ],
)
def test_what_the_network_says_is_kept_unless_the_text_disagrees_strongly(
    text: str, said: str | None, lang: str | None
) -> None:
    assert language(text, said) == lang


@pytest.mark.parametrize(
    ("lang", "text", "known"),
    [
        ("en", "", True),
        ("en-GB", "", True),
        ("es", "hola", False),
        (None, "yeah", True),
        (None, "да", False),
        (None, "😡", True),
    ],
)
def test_what_the_model_was_trained_for(lang: str | None, text: str, known: bool) -> None:
    assert trained(lang, text) is known


@pytest.mark.parametrize(
    "text",
    [
        "mera order abhi tak nahi aaya yaar kya bakwas service hai",
        "taelo ya me ga e ise e goroge",
        "iodolo yam ayikafiki",
        "el order bta3y lessa mawaslsh we ma7adesh byrod",
        "parah banget deh pelayanan",
    ],
)
def test_latin_letters_are_not_english_by_themselves(text: str) -> None:
    assert identify(text).lang is None
    assert untrained(None, text) == ("language" if len(text.split()) > 3 else None)


@pytest.mark.parametrize(
    "text",
    [
        "yeah they suck",
        "smh lol wtf",
        "ugh, so bad!!!",
        "sooooo tired of this app",
        "dont even get me started on verizon",
        "i'd've left, y'all can't fix it",
        "@Zorbexium https://example.com/hola/amigos no thanks",
        "Beyoncé tix sold out, thanks Ticketmaster",
    ],
)
def test_a_few_english_words_are_not_taken_for_another_language(text: str) -> None:
    assert untrained(None, text) is None


@pytest.mark.parametrize(("text", "lang", "sure"), [(ENGLISH, "en", True), (SPANISH, "es", False)])
def test_a_mention_says_so(linker: Linker, text: str, lang: str, sure: bool) -> None:
    stage = Enrich(linker, FixedScorer())
    [outgoing] = stage.handle(records([post(1, "@Ryanair " + text)]), State(MemoryStore(), stage.codec)).publish
    mention = msgspec.json.decode(outgoing.value, type=Mention)
    assert (mention.lang, mention.sentiment.sure) == (lang, sure)
    assert mention.untrained == (None if sure else "language")
    assert "@Ryanair" in mention.text  # it is published, and found, all the same
