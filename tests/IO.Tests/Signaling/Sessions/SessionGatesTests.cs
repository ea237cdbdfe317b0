using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Server.Roles;
using MediaRelay.Signaling.Sessions;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.IO.Tests.Signaling.Sessions;

/// <summary>What a session is told when its gates end differently: the worst that is certain counts, in whatever order it becomes known.</summary>
public sealed class SessionGatesTests
{
    [Theory]
    [InlineData("0 unavailable, 1 refused", GrantState.Refused)]
    [InlineData("1 refused, 0 unavailable", GrantState.Refused)]
    [InlineData("0 unavailable, 1 unavailable, 1 refused", GrantState.Refused)]
    [InlineData("0 unavailable, 1 lost", GrantState.Lost)]
    [InlineData("0 lost, 1 refused", GrantState.Refused)]
    [InlineData("0 unavailable, 1 unavailable", null)]
    public async Task A_refusal_is_told_although_another_gate_is_still_tried_for(string events, GrantState? told)
    {
        using var manager = new Manager();
        using var gates = new SessionGates(manager, TimeSpan.FromSeconds(10), NullLogger<SessionGates>.Instance);
        GrantState? last = null;
        gates.GrantChanged += (_, state, _) => last = state;
        await gates.RequestAsync(new GateDemand("s", Both(CameraStandIn.Offer), Both(CameraStandIn.Answer), "10.0.0.2", "192.0.2.9:3478", "10.0.0.2:5000", true, false));
        foreach (string one in events.Split(", "))
        {
            GateEventKind kind = one[2..] switch { "refused" => GateEventKind.Refused, "lost" => GateEventKind.Lost, _ => GateEventKind.Unavailable };
            manager.Happens(new GateEvent("s", manager.Handles[one[0] - '0'], kind));
        }

        Assert.Equal(told, last);
    }

    /// <summary>Both ways, so that there are two gates.</summary>
    private static string Both(string sdp) => sdp.Replace("a=recvonly", "a=sendrecv", StringComparison.Ordinal).Replace("a=sendonly", "a=sendrecv", StringComparison.Ordinal);

    /// <summary>Gates whose fate the test decides.</summary>
    private sealed class Manager : IApplicationManager, IDisposable
    {
        private Action<GateEvent> _handler = _ => { };

        public IReadOnlyList<GateHandle> Handles { get; private set; } = [];

        public bool IsConnected => true;

        public void Happens(GateEvent one) => _handler(one);

        public Task<IReadOnlyList<GateHandle>> RequestGatesAsync(string session, IReadOnlyList<GateRequest> requests)
        {
            Handles = [.. requests.Select((_, i) => new GateHandle((ulong)i + 1))];
            return Task.FromResult(Handles);
        }

        public Task ModifyGateAsync(GateHandle gate, GateRequest request) => Task.CompletedTask;

        public Task RefreshGateAsync(GateHandle gate) => Task.CompletedTask;

        public Task ReleaseGatesAsync(string session) => Task.CompletedTask;

        public Task AdoptGatesAsync(string session) => Task.CompletedTask;

        public Task<IReadOnlyList<(GateHandle Handle, string Session, GateId Gate, SubscriberId Subscriber, GateState State)>> SnapshotAsync() =>
            Task.FromResult<IReadOnlyList<(GateHandle Handle, string Session, GateId Gate, SubscriberId Subscriber, GateState State)>>([]);

        public IDisposable Subscribe(Action<GateEvent> handler)
        {
            _handler = handler;
            return this;
        }

        public void Dispose()
        {
        }
    }
}
