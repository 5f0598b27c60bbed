/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with an expansion ROM. */
#include "rom/rom.h"

/* What is wrong with how the list of images ends, and whether it is with the last of them. */
static const struct {
	const char *text;
	bool of_last;
} ends[] = {
	[ROM_BLANK] = { "all bytes are the same, so this is no ROM", false },
	[ROM_UNSIGNED] = { "no image begins there: its first bytes are not 55 aa", false },
	[ROM_STRAY] = { "the image's pointer to its PCI data structure leads out of it", false },
	[ROM_NO_TABLE] = { "the image's pointer leads to no PCI data structure ('PCIR')", false },
	[ROM_NO_LENGTH] = { "the image says that its length is 0", true },
	[ROM_CUT] = { "the image is longer than what there is: the end is missing", true },
	[ROM_ENDLESS] = { "no image says that it is the last, but nothing follows", true },
	[ROM_TOO_MANY] = { "more images than any card has; the rest was not looked at", false },
};

/* Chips are larger than what is in them. */
static bool is_padding(const uint8_t *data, size_t size)
{
	return size == 0 || (rom_is_blank(data, size) && (data[0] == 0x00 || data[0] == 0xff));
}

void romcheck_find(struct findings *findings, const char *where, const struct rom *rom,
		   const struct pci_device *device, bool shadow)
{
	size_t end = rom->start + rom->length;

	if (rom->end != ROM_COMPLETE)
		findings_add(findings, FINDING_ERROR, where, "at byte %zu: %s",
			     ends[rom->end].of_last ? rom->images[rom->count - 1].offset : end,
			     ends[rom->end].text);
	if (rom->start > 0) {
		findings_add(findings, FINDING_WARNING, where,
			     "the ROM begins at byte %zu, so a VM can't use the file as it is",
			     rom->start);
		findings_fix(findings, "'--dump FILE' writes the ROM alone");
	}
	if (rom->end == ROM_COMPLETE && !is_padding(rom->data + end, rom->size - end)) {
		findings_add(findings, FINDING_NOTE, where, "%zu bytes follow the last image",
			     rom->size - end);
		findings_fix(findings, "'--dump FILE' leaves them out");
	}
	for (size_t i = 0; i < rom->count; i++)
		if (rom->images[i].checksum == ROM_SUM_BAD)
			findings_add(findings, FINDING_WARNING, where,
				     "at byte %zu: the image's checksum is wrong, so a BIOS does "
				     "not run it",
				     rom->images[i].offset);
	if (device && rom->count > 0 && !rom_is_for(rom, device->vendor, device->device))
		findings_add(findings, FINDING_WARNING, where,
			     "no image is for this card (%04x:%04x), so firmware runs none of them",
			     device->vendor, device->device);
	if (shadow) {
		findings_add(findings, FINDING_WARNING, where,
			     "this is the copy in memory that the firmware ran, which may have "
			     "changed since");
		findings_fix(findings,
			     "For a VM, read the ROM while another card is the primary display");
	}
}
