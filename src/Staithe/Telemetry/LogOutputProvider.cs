namespace Staithe.Telemetry;

/// <summary>Lets what the framework has to say come out among our own lines, from warnings upward.</summary>
internal sealed class LogOutputProvider(LogOutput output) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Logger(output, categoryName);

    public void Dispose()
    {
        // the output is not ours
    }

    sealed class Logger(LogOutput output, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && logLevel >= output.Minimum;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                output.Write(logLevel, formatter(state, exception), ("category", category), ("exception", exception?.ToString()));
        }
    }
}
