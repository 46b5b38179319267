"""The languages that clients may offer for a post: ISO 639-1 codes with names in English."""

from types import MappingProxyType
from typing import Final

_TABLE: Final = (
    "af Afrikaans|am Amharic|an Aragonese|ar Arabic|ast Asturian|az Azerbaijani|be Belarusian|bg Bulgarian|bn Bengali|"
    "br Breton|bs Bosnian|ca Catalan|co Corsican|cs Czech|cy Welsh|da Danish|de German|el Greek|en English|"
    "eo Esperanto|es Spanish|et Estonian|eu Basque|fa Persian|fi Finnish|fil Filipino|fo Faroese|fr French|"
    "fy Western Frisian|ga Irish|gd Scottish Gaelic|gl Galician|gu Gujarati|ha Hausa|he Hebrew|hi Hindi|hr Croatian|"
    "ht Haitian Creole|hu Hungarian|hy Armenian|id Indonesian|ig Igbo|is Icelandic|it Italian|ja Japanese|jv Javanese|"
    "ka Georgian|kk Kazakh|km Khmer|kn Kannada|ko Korean|ku Kurdish|ky Kyrgyz|la Latin|lb Luxembourgish|lo Lao|"
    "lt Lithuanian|lv Latvian|mg Malagasy|mi Māori|mk Macedonian|ml Malayalam|mn Mongolian|mr Marathi|ms Malay|"
    "mt Maltese|my Burmese|nb Norwegian Bokmål|ne Nepali|nl Dutch|nn Norwegian Nynorsk|no Norwegian|oc Occitan|"
    "pa Punjabi|pl Polish|ps Pashto|pt Portuguese|pt-BR Portuguese (Brazil)|qu Quechua|ro Romanian|ru Russian|"
    "rw Kinyarwanda|sa Sanskrit|sc Sardinian|sd Sindhi|si Sinhala|sk Slovak|sl Slovenian|so Somali|sq Albanian|"
    "sr Serbian|sv Swedish|sw Swahili|ta Tamil|te Telugu|tg Tajik|th Thai|ti Tigrinya|tk Turkmen|tl Tagalog|"
    "tr Turkish|tt Tatar|ug Uyghur|uk Ukrainian|ur Urdu|uz Uzbek|vi Vietnamese|wa Walloon|xh Xhosa|yi Yiddish|"
    "yo Yoruba|zh Chinese|zh-CN Chinese (China)|zh-HK Chinese (Hong Kong)|zh-TW Chinese (Taiwan)|zu Zulu"
)
LANGUAGE_NAMES: Final = MappingProxyType(
    {code: name for code, _, name in (row.partition(" ") for row in _TABLE.split("|"))}
)
