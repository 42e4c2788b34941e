"""Programs that use `torch.nn.utils`; what each prints is in utils_transcripts.json."""

PROGRAMS = {
    "clipping": """
def gradients():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    net(torch.randn(4, 3)).square().sum().backward()
    return net
for kind in (2.0, 1, float("inf"), 0, "inf", 3, -1):
    net = gradients()
    print(nn.utils.clip_grad_norm_(net.parameters(), 0.5, kind), *[each.grad for each in net.parameters()])
net = gradients()
print(nn.utils.clip_grad_norm_(net[0].weight, 100.0, foreach=True), net[0].weight.grad)
nn.utils.clip_grad_value_(net.parameters(), 0.1)
print(*[each.grad for each in net.parameters()], nn.utils.get_total_norm([each.grad for each in net.parameters()]))
nn.utils.clip_grads_with_norm_(net.parameters(), 0.05, torch.tensor(0.1))
print(*[each.grad for each in net.parameters()])
net[0].weight.grad[0, 0] = float("nan")
attempt(nn.utils.clip_grad_norm_, net.parameters(), 1.0, error_if_nonfinite=True)
print(nn.utils.clip_grad_norm_([], 1.0), nn.utils.clip_grad_norm_((each for each in []), 1.0), nn.utils.clip_grad_norm(net[1].weight, 1.0))
""",
    "vectors": """
net = nn.Linear(2, 2)
nn.utils.vector_to_parameters(torch.arange(6.0), net.parameters())
print(net.weight, net.bias, nn.utils.parameters_to_vector(net.parameters()))
attempt(nn.utils.vector_to_parameters, [1], net.parameters())
""",
    "weight and spectral norm by hooks": """
torch.manual_seed(1)
for module, x in [(nn.Linear(3, 2), torch.randn(2, 3)), (nn.Conv1d(2, 3, 2), torch.randn(1, 2, 4)), (nn.ConvTranspose1d(2, 3, 2), torch.randn(1, 2, 4))]:
    for dim in (0, None, 1):
        nn.utils.weight_norm(module, dim=dim)
        module(x).sin().sum().backward()
        print(module.state_dict(), module.weight, *[each.grad for each in module.parameters()])
        nn.utils.remove_weight_norm(module)
    nn.utils.spectral_norm(module, n_power_iterations=2)
    print(module(x), module(x), module.state_dict(), module.eval()(x))
    module(x).sin().sum().backward()
    print(*[each.grad for each in module.parameters()])
    module.load_state_dict(module.state_dict())
    print(nn.utils.remove_spectral_norm(module), module.weight, list(module.state_dict()))
attempt(nn.utils.remove_weight_norm, module)
attempt(nn.utils.remove_spectral_norm, module)
attempt(nn.utils.spectral_norm, module, n_power_iterations=0)
""",
    "parametrizations": """
torch.manual_seed(2)
kinds = nn.utils.parametrizations
for make in [
    kinds.weight_norm, kinds.spectral_norm, kinds.orthogonal, lambda module: kinds.orthogonal(module, orthogonal_map="cayley"),
    lambda module: kinds.orthogonal(module, orthogonal_map="householder", use_trivialization=False),
]:
    for module in (nn.Linear(2, 2), nn.Linear(3, 2)):
        make(module)
        print(module, module.weight, {key: each.shape for key, each in module.state_dict().items()})
        module(torch.ones(1, module.in_features)).sin().sum().backward()
        print(*[each.grad for each in module.parameters()])
        module.weight = module.weight.detach()
        print(module.weight, nn.utils.parametrize.remove_parametrizations(module, "weight"), module.weight)
attempt(kinds.orthogonal, nn.Linear(2, 2), orthogonal_map="none")
attempt(kinds.orthogonal, nn.Linear(2, 2), "bias")
attempt(kinds.weight_norm, nn.Linear(2, 2, bias=False), "bias")
old, new = nn.utils.weight_norm(nn.Linear(2, 2)), kinds.weight_norm(nn.Linear(2, 2))
print(new.load_state_dict(old.state_dict()), torch.equal(new.weight, old.weight))
""",
    "parametrize": """
parametrize = nn.utils.parametrize
class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).mT
    def right_inverse(self, A):
        return A.triu()
class Sum(nn.Module):
    def forward(self, a, b):
        return a + b
    def right_inverse(self, x):
        return x / 2, x / 2
class Shorter(nn.Module):
    def forward(self, X):
        return X[:1]
class Doubled(nn.Module):
    def forward(self, X):
        return X * 2
torch.manual_seed(3)
module = nn.Linear(3, 3)
print(parametrize.register_parametrization(module, "weight", Symmetric()))
print(module.weight, type(module).__name__, parametrize.type_before_parametrizations(module) is nn.Linear)
module.weight = torch.arange(9.0).reshape(3, 3)
print(module.weight, module.parametrizations.weight.original, module.parametrizations.weight[0], [name for name, _ in module.named_parameters()])
parametrize.register_parametrization(module, "weight", Doubled())
parametrize.register_parametrization(module, "bias", Sum())
print(module.weight, module.bias, module.state_dict().keys(), module.weight is module.weight)
with parametrize.cached():
    print(module.weight is module.weight)
attempt(setattr, module, "weight", torch.ones(3, 3))
attempt(parametrize.register_parametrization, module, "weight", Shorter())
attempt(parametrize.register_parametrization, nn.Linear(2, 2), "weight", Shorter())
other = nn.Linear(3, 3)
parametrize.transfer_parametrizations_and_params(module, other)
print(torch.equal(other.weight, module.weight), parametrize.is_parametrized(other, "bias"), parametrize.is_parametrized(other, "no"))
import copy, pickle
print(torch.equal(copy.deepcopy(module).weight, module.weight))
attempt(pickle.dumps, module)
attempt(parametrize.remove_parametrizations, module, "bias", leave_parametrized=False)
print(parametrize.remove_parametrizations(module, "bias").bias, parametrize.remove_parametrizations(module, "weight", leave_parametrized=False), module.weight)
attempt(parametrize.remove_parametrizations, module, "weight")
attempt(parametrize.register_parametrization, module, "none", Doubled())
""",
    "pruning": """
prune = room("nn.utils.prune")
def fresh():
    torch.manual_seed(4)
    return nn.Linear(4, 3)
for make in [
    lambda m: prune.identity(m, "weight"), lambda m: prune.random_unstructured(m, "weight", 0.3), lambda m: prune.l1_unstructured(m, "weight", 5),
    lambda m: prune.random_structured(m, "weight", 2, 0), lambda m: prune.ln_structured(m, "weight", 0.5, 2, -1),
    lambda m: prune.custom_from_mask(m, "weight", torch.eye(3, 4)), lambda m: prune.l1_unstructured(m, "weight", 2, torch.arange(12.0).reshape(3, 4)),
]:
    module = make(fresh())
    print(module.weight, list(module.state_dict()), prune.is_pruned(module))
    module(torch.ones(1, 4)).sum().backward()
    print(*[each.grad for each in module.parameters()])
    prune.l1_unstructured(module, "weight", 1)
    prune.ln_structured(module, "weight", 1, 1, 0)
    print(module.weight, type(list(module._forward_pre_hooks.values())[0]).__name__)
    print(prune.remove(module, "weight").weight, list(module.state_dict()))
pair = nn.Sequential(fresh(), fresh())
prune.global_unstructured([(pair[0], "weight"), (pair[1], "bias")], prune.L1Unstructured, amount=0.4)
print(pair[0].weight, pair[1].bias, prune.L1Unstructured(2).prune(torch.arange(4.0) - 2))
for amount in (20, -1, 1.5, "x"):
    attempt(prune.l1_unstructured, fresh(), "weight", amount)
attempt(prune.random_structured, fresh(), "bias", 0.5, 0)
attempt(prune.ln_structured, fresh(), "weight", 0.5, 1, 3)
attempt(prune.remove, fresh(), "weight")
refused(prune.global_unstructured, [(pair[0], "weight")], prune.LnStructured, amount=1, n=2)
""",
    "fusion, skip_init, functional_call": """
torch.manual_seed(5)
for layer, norm, x in [(nn.Conv2d(2, 3, 2, bias=False), nn.BatchNorm2d(3), torch.randn(2, 2, 3, 3)), (nn.Linear(2, 3), nn.BatchNorm1d(3), torch.randn(4, 2))]:
    norm(layer(x))
    fuse = nn.utils.fuse_linear_bn_eval if isinstance(layer, nn.Linear) else nn.utils.fuse_conv_bn_eval
    attempt(fuse, layer, norm)
    layer.eval(), norm.eval()
    fused = fuse(layer, norm)
    print(fused, fused.weight, fused.bias, torch.allclose(fused(x), norm(layer(x)), atol=1e-6))
print(nn.utils.skip_init(nn.Linear, 2, 3), torch.rand(1))
attempt(nn.utils.skip_init, nn.ReLU)
print(nn.utils.stateless.functional_call(nn.Linear(2, 1), {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}, torch.ones(1, 2)))
print(torch.norm_except_dim(torch.arange(12.0).reshape(2, 3, 2), 2, 1), torch.norm_except_dim(torch.arange(4.0).reshape(2, 2), 2, -1))
""",
}
