"""Industries, the words typical of each, and their names in other lists."""

from __future__ import annotations

INDUSTRY_WORDS: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "airline": "flight flights fly flying flew plane planes airport airline airlines pilot crew luggage bag bags "
        "baggage boarding gate delayed delay cancelled canceled seat seats passenger passengers rebook rebooked "
        "layover runway tarmac takeoff landed landing miles upgrade attendant attendants legroom checkin dfw jfk atl "
        "lax lhr terminal standby itinerary",
        "aerospace": "plane planes aircraft jet jets max crash pilots engine engines faa grounded airlines fleet",
        "rail": "train trains station platform delayed delay cancelled carriage carriages rail commute commuters "
        "ticket tickets seat signal engineering replacement bus conductor railcard service",
        "telecom": "internet wifi phone phones service signal data network outage coverage bars lte 4g 5g plan bill "
        "router modem cable broadband tv channel channels carrier unlimited roaming sim contract fiber fibre isp "
        "customer cellular mobile technician speeds mbps",
        "electronics": "phone phones laptop laptops screen battery charger update updated device devices tablet "
        "computer pc printer keyboard ios android app store warranty repair software watch gb chip chips cpu gpu "
        "stock shares launch genius headphones camera ceo event upgrade hardware tv tvs",
        "software": "app apps update software login account password cloud server servers windows pc install bug "
        "download subscription license data crash file files api website developers email outage browser",
        "games": "game games gaming console controller online multiplayer servers server play playing dlc account "
        "disc xbox ps4 ps5 stream level update patch lag lobby",
        "streaming": "show shows season episode movie movies watch watching stream streaming subscription app song "
        "songs playlist music listen listening account album series premium binge tv",
        "social": "app account accounts post posts feed followers timeline banned ban login privacy ads video videos",
        "delivery": "delivery deliver delivered package packages parcel parcels order orders driver drivers tracking "
        "shipped shipping courier ship late mail box address missing refund label dispatched warehouse",
        "ride": "driver drivers ride rides trip car cab taxi airport fare surge cancelled app pickup rating",
        "travel": "booking booked book hotel hotels trip flight flights refund reservation holiday travel vacation",
        "hotel": "hotel hotels room rooms stay stayed booking booked reservation checkin lobby bed suite guest guests "
        "points breakfast reception front desk",
        "retail": "store stores shop shopping shopped shopper bought buy buying online cashier checkout aisle order "
        "orders ordered refund return returns returned delivery sale sales deal deals employee employees manager "
        "customer customers parking clearance price prices gift card receipt cart website black friday stock "
        "shares prime coupon",
        "grocery": "store stores food milk bread bakery checkout trolley aisle delivery substitutions veg fruit meat "
        "groceries grocery supermarket shop shopping sandwich cashier branch shelf shelves organic pharmacy",
        "clothes": "jeans shirt shirts dress dresses shoes sneakers hoodie sweater jacket clothes clothing wear size "
        "store stores outfit pants trousers online sale fashion collection kids order fit trainers socks leggings bag "
        "bags handbag handbags boots heels perfume",
        "bank": "bank banks banking account accounts card cards credit debit loan mortgage branch atm deposit fee fees "
        "fraud money overdraft app transfer check cheque checking savings teller customer charge charged login",
        "payments": "card cards payment payments pay paid account money transaction credit debit refund charge charged "
        "fee fees fraud merchant transfer declined contactless checkout",
        "finance": "account credit report money stock stocks trading trade shares breach data fees wallet crypto",
        "insurance": "insurance claim claims policy premium premiums coverage quote car agent deductible insured",
        "food": "food eat eating ate lunch dinner breakfast order ordered burger burgers fries pizza chicken sandwich "
        "sandwiches burrito coffee latte drink drinks menu meal cheese drive thru restaurant hungry taste delicious "
        "delivery staff line cashier nuggets tacos salad soup bread meat sub subs footlong foot cookies",
        "drink": "drink drinks can bottle bottles soda sugar taste diet ad coffee energy",
        "car": "car cars truck trucks vehicle vehicles drive driving dealer dealership engine recall suv sedan mileage "
        "auto motor electric ev warranty battery garage tire tires brakes factory production autopilot",
        "fuel": "gas petrol fuel station oil diesel pump spill drilling energy climate prices pipeline barrel ceo rig "
        "refinery emissions profits shares arctic",
        "energy": "energy gas electric electricity power outage bill bills boiler meter tariff engineer supplier "
        "heating blackout smart water",
        "pharmacy": "pharmacy prescription prescriptions pharmacist medicine meds pills store insurance refill vaccine "
        "appointment flu shot drugstore makeup",
        "household": "product products brand razor detergent diapers soap shampoo ad bottle",
        "health": "hospital doctor nurse patients clinic insurance treatment drug drugs vaccine medicine trial fda",
        "industry": "company stock shares earnings ceo employees factory plant quarter market investors contract",
        "press": "paper newspaper article journalist reporter editor headline column front page story coverage "
        "interview reported breaking",
        "leisure": "tickets ticket park gym membership class workout cinema film movie ride queue pool club trainer",
    }.items()
}

_SERVICE_WORDS_TEXT = (
    "customer service support helpline refund complaint complain boycott scam ripoff rep reps agent employee "
    "employees manager staff ceo company stock shares lawsuit hq app website store stores account"
)
SERVICE_WORDS = frozenset(_SERVICE_WORDS_TEXT.split())
"""Words that speak for some company or other, whatever its industry."""

_BUSINESS_WORDS_TEXT = (
    "ceo boss bosses exec execs shares profit profits quarter quarterly earnings revenue revenues sales investors "
    "investor acquisition acquires acquired merger stake antitrust lawsuit sues sued fined patent patents launches "
    "unveils announces announced layoffs startup ipo billion retailer maker recall recalls shareholders valuation"
)
BUSINESS_WORDS = frozenset(_BUSINESS_WORDS_TEXT.split())
"""Words of news about companies."""

_DEALINGS_TEXT = (
    "charge charged charges charging bill billed price prices raised expensive overpriced fee fees refund refunded "
    "cancel cancelled canceled cancelling order ordered orders bought buy buying paid pay paying sold switch switched "
    "switching subscribed subscription contract deal discount coupon sale receipt delivered shipped returned return "
    "customer customers support hold app website login crashed outage offline shares stock ceo layoffs fired strike "
    "workers employees union brand commercial advert ad ads logo sponsor store stores outlet shop warranty recalled "
    "competitor bankrupt bankruptcy scam ripoff greedy greed quid bucks dollars dollar cheaper lawsuit sued fined "
    "ghosted helpline technician engineer "
    "facture facturé client remboursement commande livraison abonnement appli magasin boutique "
    "factura cobro cobros cobran cliente servicio pedido tienda ladrones reembolso atención "
    "paisa paise wapas kharab bekar rechnung kunde kunden kundenservice bestellung lieferung geld"
)
DEALINGS = frozenset(_DEALINGS_TEXT.split())
"""What customers, staff and investors have to do with companies: weak for any one word."""

_BY_CATEGORY = {
    "amenity/fast_food": "food", "amenity/restaurant": "food", "amenity/cafe": "food", "amenity/ice_cream": "food",
    "amenity/pub": "food", "amenity/bank": "bank", "amenity/atm": "bank", "amenity/fuel": "fuel",
    "amenity/charging_station": "energy", "amenity/pharmacy": "pharmacy", "amenity/cinema": "leisure",
    "amenity/car_rental": "car", "amenity/clinic": "health", "amenity/dentist": "health",
    "amenity/hospital": "health", "amenity/payment_terminal": "payments", "amenity/money_transfer": "payments",
    "amenity/parcel_locker": "delivery", "amenity/post_office": "delivery", "tourism/hotel": "hotel",
    "tourism/motel": "hotel", "tourism/hostel": "hotel", "tourism/theme_park": "leisure",
    "leisure/fitness_centre": "leisure", "leisure/sports_centre": "leisure", "office/insurance": "insurance",
    "office/telecommunication": "telecom", "office/it": "software", "office/energy_supplier": "energy",
    "office/financial_advisor": "finance", "shop/clothes": "clothes", "shop/shoes": "clothes",
    "shop/fashion_accessories": "clothes", "shop/sports": "clothes", "shop/outdoor": "clothes",
    "shop/car": "car", "shop/car_repair": "car", "shop/tyres": "car", "shop/car_parts": "car",
    "shop/supermarket": "grocery", "shop/convenience": "grocery", "shop/bakery": "food",
    "shop/mobile_phone": "telecom", "shop/telecommunication": "telecom", "shop/electronics": "electronics",
    "shop/computer": "electronics", "shop/travel_agency": "travel", "shop/money_lender": "finance",
    "shop/chemist": "pharmacy", "shop/video_games": "games",
}  # fmt: skip

_BY_SECTOR = {
    "Health Care": "health", "Financials": "finance", "Information Technology": "software", "Energy": "fuel",
    "Utilities": "energy", "Consumer Staples": "household", "Consumer Discretionary": "retail",
}  # fmt: skip


def industries_of_categories(categories: str) -> tuple[str, ...]:
    """Our industries for OpenStreetMap-like categories parted by `;`, at most three, shops of any kind as retail."""
    found = [_BY_CATEGORY.get(c, "retail" if c.startswith("shop/") else "") for c in categories.split(";")]
    return tuple(dict.fromkeys(name for name in found if name))[:3]


def industry_of_sector(sector: str) -> tuple[str, ...]:
    """Our industry for a sector of the Global Industry Classification Standard."""
    return (_BY_SECTOR.get(sector, "industry"), "industry")
