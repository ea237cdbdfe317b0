namespace MediaRelay.Server.TurnTest;

/// <summary>One line of <c>mediarelay turn test</c>.</summary>
/// <param name="Name">What was tried.</param>
/// <param name="Succeeded">False ends the test.</param>
/// <param name="Elapsed">Time that the step took.</param>
/// <param name="Words">What was found, or why it failed and what to do.</param>
internal sealed record TurnTestStep(string Name, bool Succeeded, TimeSpan Elapsed, string Words);
