using System.Net;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;

namespace MediaRelay.IO.Tests.Qos;

/// <summary>What tests of gate control say again and again.</summary>
internal static class GateSteps
{
    /// <summary>A gate for the home with the given number behind 10.1.0.0/16.</summary>
    public static GateRequest Request(int i)
    {
        IPEndPoint home = new(new IPAddress([10, 1, (byte)(i >> 8), (byte)i]), 16384), far = new(IPAddress.Parse("198.51.100.7"), 40000);
        return new GateRequest(
            new GateSpec(GateDirection.Upstream) { T1 = 200, T2 = 300, T3 = 60, T4 = 30 }, SubscriberId.From(home.Address),
            TrafficProfile.FromFlowSpec(ResourceEnvelopes.Commit, FlowSpec.Constant(200, 50)), [Classifier.ForFlow(1, 17, home, far)]);
    }

    /// <summary>Waits for a condition, at most so many seconds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, int seconds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, $"The condition did not come true within {seconds} seconds.");
            await Task.Delay(10, CancellationToken.None);
        }
    }

    public static SubscriberPrefix Prefix(string text) => SubscriberPrefix.TryParse(text, out SubscriberPrefix prefix) ? prefix : throw new FormatException(text);
}
