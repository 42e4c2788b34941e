"""Programs that use attention layers and transformers; what each prints is in transformer_transcripts.json."""

# Numbers are rounded, since those of float32 differ in their last digits.
_SHOW = """
def show(*tensors):
    for each in tensors:
        print(None if each is None else (each.detach() * 100).round() / 100 + 0.0)
"""

PROGRAMS = {
    "reprs and parameters": """
torch.manual_seed(0)
for module in [
    nn.MultiheadAttention(4, 2), nn.MultiheadAttention(4, 2, bias=False, kdim=3, vdim=2), nn.MultiheadAttention(4, 1, add_bias_kv=True),
    nn.TransformerEncoderLayer(4, 2, 3, batch_first=True), nn.TransformerDecoderLayer(4, 2, 3, activation=nn.GELU()),
    nn.Transformer(4, 2, 1, 2, 3),
]:
    print(module)
    print([(name, list(each.shape)) for name, each in module.named_parameters()], sum(each.sum() for each in module.parameters()))
print(nn.Transformer.generate_square_subsequent_mask(3), nn.Transformer.generate_square_subsequent_mask(2, dtype=torch.float64))
""",
    "attention": _SHOW
    + """
torch.manual_seed(1)
q, k, v = torch.randn(3, 2, 4, requires_grad=True), torch.randn(5, 2, 4), torch.randn(5, 2, 4)
def attend(module, *arguments, **options):
    out, weights = module(*arguments, **options)
    show(out, weights)
    (out ** 3).sum().backward()
    show(q.grad, *[each.grad for each in module.parameters()])
    q.grad = None
attend(nn.MultiheadAttention(4, 2), q, q, q)
attend(nn.MultiheadAttention(4, 2), q, k, v, average_attn_weights=False)
attend(nn.MultiheadAttention(4, 2), q, k, k, need_weights=False)
attend(nn.MultiheadAttention(4, 2, kdim=3, vdim=2, bias=False), q, torch.randn(5, 2, 3), torch.randn(5, 2, 2))
attend(nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True), q, k, v)
attend(nn.MultiheadAttention(4, 2, dropout=0.5), q, k, v)
attend(nn.MultiheadAttention(4, 2, batch_first=True), q, q, q, key_padding_mask=torch.tensor([[False, True]] * 3))
attend(nn.MultiheadAttention(4, 2), q[:, 0], k[:, 0], v[:, 0], attn_mask=torch.ones(3, 5).triu(1).bool())
causal = nn.Transformer.generate_square_subsequent_mask(3)
attend(nn.MultiheadAttention(4, 2), q, q, q, attn_mask=causal, is_causal=True, need_weights=False)
attend(nn.MultiheadAttention(4, 2), q, q, q, attn_mask=causal, key_padding_mask=torch.zeros(2, 3, dtype=torch.bool))
attend(nn.MultiheadAttention(4, 2).eval(), q, q, q, attn_mask=torch.zeros(4, 3, 3))
attempt(nn.MultiheadAttention, 5, 2)
attempt(nn.MultiheadAttention, 0, 2)
module = nn.MultiheadAttention(4, 2)
attempt(module, q, k[:, :, :3], v)
attempt(module, q, k, v, attn_mask=torch.ones(2, 2))
attempt(module, q, q, q, is_causal=True)
attempt(module, q, q, q, attn_mask=torch.ones(3, 3).long())
""",
    "layers": _SHOW
    + """
torch.manual_seed(2)
x, memory = torch.randn(3, 2, 4, requires_grad=True), torch.randn(4, 2, 4)
for options in [{}, {"norm_first": True, "activation": "gelu"}, {"activation": torch.tanh, "bias": False, "dropout": 0.0}]:
    for module, arguments in [(nn.TransformerEncoderLayer, ()), (nn.TransformerDecoderLayer, (memory,))]:
        layer = module(4, 2, 5, **options)
        out = layer(x, *arguments)
        show(out, layer.eval()(x, *arguments))
        (out ** 3).sum().backward()
        show(x.grad, *[each.grad.sum() for each in layer.parameters()])
        x.grad = None
attempt(nn.TransformerEncoderLayer, 4, 2, activation="tanh")
""",
    "stacks": _SHOW
    + """
import warnings
torch.manual_seed(3)
layer = nn.TransformerEncoderLayer(4, 2, 5, 0.0, batch_first=True)
encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(4))
x = torch.randn(2, 3, 4)
padding = torch.tensor([[False, False, True], [False, True, True]])
mask = nn.Transformer.generate_square_subsequent_mask(3)
show(encoder(x), encoder(x, mask), encoder(x, mask, is_causal=True), encoder(x, src_key_padding_mask=padding))
encoder.eval()
warnings.filterwarnings("ignore", "The PyTorch API of nested tensors")
with torch.no_grad():
    show(encoder(x, src_key_padding_mask=padding), encoder(x, mask))
print(encoder.use_nested_tensor)
decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 5, 0.1, batch_first=True), 2)
show(decoder(x, encoder(x), tgt_mask=mask, memory_key_padding_mask=padding))
model = nn.Transformer(4, 2, 1, 1, 5, batch_first=True)
out = model(x, x[:, :2], tgt_mask=mask[:2, :2], src_key_padding_mask=padding)
(out ** 3).sum().backward()
show(out, *[each.grad.sum() for each in model.parameters()])
attempt(model, x, x[:1])
attempt(model, x[..., :3], x)
""",
}
