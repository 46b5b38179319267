"""Who is in the demo: three offices of one group of companies and the people in them. Nothing here runs."""

from models.values import dataclass

PASSWORD = "tertulia"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works in an office; `bio` has the department first."""

    name: str
    display_name: str
    bio: str
    is_admin: bool = False

    @property
    def first_name(self) -> str:
        return self.display_name.split()[0]


@dataclass(frozen=True, slots=True)
class Office:
    """A subsidiary with its own server, `http://<host>:<port>`."""

    name: str
    host: str
    mail_domain: str
    language: str
    description: str
    people: tuple[Person, ...]

    def email(self, person: Person) -> str:
        """What the person signs in with."""
        return f"{person.name}@{self.mail_domain}"


OFFICES = (
    Office(
        name="Madrid",
        host="madrid.localhost",
        mail_domain="madrid.example",
        language="es",
        description="Sede central: calidad, ventas y personas.",
        people=(
            Person("ana", "Ana García Ruiz", "Calidad · auditorías, listas de revisión y buen café", is_admin=True),
            Person("diego", "Diego Navarro", "Ventas · norte de España"),
            Person("lucia", "Lucía Ferrer", "Personas y cultura · bienvenidas, formación, afterworks"),
        ),
    ),
    Office(
        name="Lisbon",
        host="lisbon.localhost",
        mail_domain="lisbon.example",
        language="pt",
        description="Fábrica e engenharia.",
        people=(
            Person("bruno", "Bruno Carvalho", "Engenharia · linha de embalagem", is_admin=True),
            Person("ines", "Inês Almeida", "Comunicação interna"),
            Person("tiago", "Tiago Moreira", "Logística · armazém do Carregado"),
        ),
    ),
    Office(
        name="Hamburg",
        host="hamburg.localhost",
        mail_domain="hamburg.example",
        language="de",
        description="Einkauf, IT und der Hafen vor der Tür.",
        people=(
            Person("clara", "Clara Brandt", "Einkauf · Verpackung und Etiketten", is_admin=True),
            Person("jonas", "Jonas Petersen", "IT · Netze und VPN"),
            Person("heike", "Heike Lüders", "Zoll und Versand"),
        ),
    ),
)
