using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Tests.Contract;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>An instruction that is queued while all are numbered anew: storage knows the order, the answers of storage come in any.</summary>
public sealed class GatewayLinkTests
{
    private readonly GatewayLink _link = new("g", new SignalingOptions(), new PresenceLimits(TimeSpan.FromSeconds(45), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(60)));

    [Fact]
    public void A_number_of_the_old_epoch_does_not_get_among_the_new_ones()
    {
        _link.Load(new InstructionBacklog("old", 40, [Numbered(40)]));
        _link.Renumber(new InstructionBacklog("new", 2, [Numbered(1), Numbered(2)]));
        _link.Add(Numbered(41) with { Epoch = "old" }, TimeSpan.Zero);
        Assert.Equal((2UL, "1 2"), (_link.LastInstruction, Taken()));
    }

    [Fact]
    public void A_number_of_the_new_epoch_that_is_heard_of_first_is_not_lost()
    {
        _link.Load(new InstructionBacklog("old", 40, [Numbered(40)]));
        _link.Add(Numbered(2) with { Epoch = "new" }, TimeSpan.Zero);
        Assert.Equal("40", Taken());
        _link.Renumber(new InstructionBacklog("new", 1, [Numbered(1)]));
        Assert.Equal((2UL, "1 2"), (_link.LastInstruction, Taken()));
    }

    private string Taken() => string.Join(' ', _link.Take(TimeSpan.Zero, 64).Select(one => one.Seq));

    private static Instruction Numbered(ulong seq) => Samples.Instructions[0] with { Seq = seq };
}
