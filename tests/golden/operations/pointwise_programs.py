"""Programs of elementwise operations; what each prints is in pointwise_transcripts.json."""

PROGRAMS = {
    "arithmetic of several types": """
values = [torch.tensor([1, -2, 3]), torch.tensor([True, False, True]), torch.tensor([1.5, -2.5, 0.5]), torch.tensor(2), 3, 0.5]
for a in values[:4]:
    for b in values:
        attempt(torch.add, a, b)
        attempt(torch.sub, a, b)
        attempt(torch.div, a, b)
""",
}
