"""What people may upload: the numbers that are announced to clients and enforced, decided once.

They are Mastodon's, which apps are made for. Sizes in bytes, matrices in pixels (width times height).
"""

from typing import Final

from content.media_types import CLAIMED_TYPES, EXTENSIONS

MAX_ATTACHMENTS: Final = 4  # of a status that is written here
DESCRIPTION_CHARACTERS: Final = 1_500
IMAGE_BYTES: Final = 16 * 1_048_576
IMAGE_MATRIX: Final = 7_680 * 4_320
VIDEO_BYTES: Final = 99 * 1_048_576
VIDEO_MATRIX: Final = 3_840 * 2_160
VIDEO_FRAME_RATE: Final = 120
PREVIEW_SIDE: Final = 640
EMOJI_BYTES: Final = 256 * 1_024
EMOJI_SIDE: Final = 128
PICTURE_BYTES: Final = 8 * 1_048_576  # avatar and header
AVATAR_SIZE: Final = (400, 400)
HEADER_SIZE: Final = (1_500, 500)
# What an app may offer in its file chooser: our types, and other names of theirs.
SUPPORTED_TYPES: Final = tuple(sorted({"image/gif", *EXTENSIONS, *CLAIMED_TYPES}))
