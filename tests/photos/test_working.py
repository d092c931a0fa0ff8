from PIL import Image

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.working import (
    WORKING_SIDE,
    WorkingPhoto,
    open_photo,
    open_photos,
)


def test_photographs_come_in_order_and_bad_ones_in_their_place(tmp_path):
    paths = []
    for number in range(20):
        paths.append(tmp_path / f"{number}.png")
        Image.new("RGB", (20 + number, 30), (number, 0, 0)).save(paths[-1])
    paths[7].write_bytes(b"no photograph")
    opened = list(open_photos(paths))
    assert isinstance(opened[7], UnreadablePhoto)
    assert str(paths[7]) in str(opened[7])
    for number, photo in enumerate(opened):
        if number != 7:
            assert isinstance(photo, WorkingPhoto)
            assert (photo.width, photo.height) == (20 + number, 30)
            assert photo.pixels[0, 0].tolist() == [number, 0, 0]


def test_a_shrunk_photograph_knows_its_original_size(tmp_path):
    path = tmp_path / "large.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (3 * WORKING_SIDE, 600), "red").save(path, exif=exif)
    photo = open_photo(path)
    assert (photo.width, photo.height) == (600, 3 * WORKING_SIDE)
    assert photo.pixels.shape == (WORKING_SIDE, 200, 3)
    assert photo.box_in_pixels((0.0, 0.0, 600.0, 6144.0)) == (0.0, 0.0, 200.0, 2048.0)
