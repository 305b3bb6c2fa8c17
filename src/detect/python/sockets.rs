//! Flask-SocketIO: a connection stays open, so a server's worker must hold many at once. (miguelgrinberg/Flask-SocketIO docs/deployment.rst)

use super::project::Project;
use super::servers::words;

/// The first gunicorn without a worker of eventlet's.
const WITHOUT_EVENTLET: u64 = 26;

/// gunicorn's worker; `major` is that of the gunicorn that is installed.
pub fn worker(project: &Project, major: Option<u64>) -> Vec<String> {
    if project.needs(&["flask-socketio"]).is_none() {
        return Vec::new();
    }
    if project.needs(&["gevent-websocket"]).is_some() {
        words(&["--worker-class", "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"])
    } else if project.needs(&["gevent"]).is_some() {
        words(&["--worker-class", "gevent"])
    } else if project.needs(&["eventlet"]).is_some() && major.is_some_and(|major| major < WITHOUT_EVENTLET) {
        words(&["--worker-class", "eventlet"])
    } else {
        words(&["--threads", "100"])
    }
}

/// Whether Flask-SocketIO serves by itself: eventlet brings it a server.
pub fn serves(project: &Project) -> bool {
    project.needs(&["flask-socketio"]).is_some() && project.needs(&["eventlet"]).is_some()
}

#[cfg(test)]
mod tests {
    use super::worker;
    use crate::detect::python::project::Project;
    use crate::fs::Tree;

    #[test]
    fn the_worker_that_holds_connections() {
        let of = |names: &str, major| worker(&Project::read(&Tree::memory([("requirements.txt", names)]).root()).expect("fine"), major).join(" ");
        assert_eq!(of("flask\ngevent\n", None), "");
        assert_eq!(of("flask-socketio\ngevent\n", None), "--worker-class gevent");
        assert_eq!(of("flask-socketio\neventlet\n", Some(22)), "--worker-class eventlet");
        assert_eq!(of("flask-socketio\neventlet\n", Some(27)), "--threads 100");
    }
}
