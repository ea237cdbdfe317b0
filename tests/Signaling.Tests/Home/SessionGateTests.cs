using MediaRelay.Gateway.Session;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>Losing the session from several tasks at once.</summary>
public sealed class SessionGateTests
{
    [Fact]
    public async Task Nobody_waits_for_ever_when_two_tasks_lose_the_session_at_once()
    {
        var gate = new SessionGate();
        using var start = new Barrier(2);
        for (int i = 0; i < 20_000; i++)
        {
            gate.Open();
            Task[] lost = [Task.CompletedTask, Task.CompletedTask];
            void Lose(int lane)
            {
                start.SignalAndWait();
                gate.Close();
                lost[lane] = gate.WhenOpen;
            }

            Task other = Task.Run(() => Lose(0));
            Lose(1);
            await other;
            gate.Open();
            Assert.All(lost, wait => Assert.True(wait.IsCompleted, $"round {i}"));
        }
    }

    [Fact]
    public void It_is_closed_until_it_is_opened_and_again_when_it_is_lost()
    {
        var gate = new SessionGate();
        Assert.False(gate.WhenOpen.IsCompleted);
        gate.Open();
        Assert.True(gate.WhenOpen.IsCompleted);
        gate.Close();
        Task first = gate.WhenOpen;
        gate.Close();
        Assert.False(first.IsCompleted);
        gate.Open();
        Assert.True(first.IsCompleted);
    }
}
